// A JavaScript client of the Service API, as a service would write it, and a walk over every route with it.
// Run by test_service_js.py: node service_client.mjs ADDRESS TOKENS_AS_JSON
import assert from "node:assert/strict";

class SecretsError extends Error {
  constructor(status, detail, headers) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}

class Secrets {
  constructor(address, service, token) {
    this.address = address;
    this.headers = { "X-Service": service, "X-Token": token };
  }

  async call(method, path, body) {
    const reply = await fetch(this.address + path, {
      method,
      headers: body === undefined ? this.headers : { ...this.headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    const value = text === "" ? null : JSON.parse(text);
    if (!reply.ok) throw new SecretsError(reply.status, value.detail, reply.headers);
    return { status: reply.status, value };
  }

  path(project, path, suffix = "") {
    return "/api/secrets/" + [project, ...path.split("/")].map(encodeURIComponent).join("/") + suffix;
  }

  create(project, path, value) { return this.call("POST", "/api/secrets", { project, path, value }); }
  read(project, path) { return this.call("GET", this.path(project, path)); }
  rotate(project, path, value, expected_version) {
    return this.call("PATCH", this.path(project, path), { value, expected_version });
  }
  remove(project, path) { return this.call("DELETE", this.path(project, path)); }
  versions(project, path) { return this.call("GET", this.path(project, path, "/versions")); }
}

async function refused(promise, status, detail) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.status, status, error.message);
    if (detail instanceof RegExp) assert.match(error.message, detail);
    else assert.equal(error.message, detail);
    return true;
  });
}

const [address, tokensText] = process.argv.slice(2);
const tokens = JSON.parse(tokensText);
const client = (name, token = tokens[name]) => new Secrets(address, name, token);

const health = await fetch(address + "/health");
assert.deepEqual([health.status, await health.json()], [200, { status: "healthy", service: "myVault" }]);
assert.deepEqual(await (await fetch(address + "/")).json(), { message: "Welcome to myVault - Secure data vault service" });
const document = await (await fetch(address + "/openapi.json")).json();
assert.equal(document.openapi, "3.1.0");
assert.ok(document.paths["/api/secrets/{project}/{path}"].patch);

const ui = client("commonUI");
const scheduler = client("myscheduler");
const none = await fetch(address + "/api/projects");
assert.equal(none.status, 401);
assert.match(none.headers.get("www-authenticate"), /^ServiceToken realm=/);
assert.deepEqual(await none.json(), { detail: "Missing X-Service or X-Token header" });
await refused(client("commonUI", "wrong-token").call("GET", "/api/projects"), 401, "Invalid token");
await refused(client("stranger", "wrong-token").call("GET", "/api/projects"), 403, "Service '?' is not allowed");
assert.deepEqual((await ui.call("POST", "/api/secrets/test")).value, { status: "ok", message: "Authentication successful for service 'commonUI'" });

const project = await ui.call("POST", "/api/projects", { name: "newsbot", description: "from JavaScript" });
assert.equal(project.status, 201);
assert.equal(project.value.created_by, "commonUI");
await refused(ui.call("POST", "/api/projects", { name: "newsbot" }), 409, "Project 'newsbot' already exists");
assert.deepEqual((await ui.call("GET", "/api/projects/newsbot")).value, project.value);
assert.equal((await ui.call("PATCH", "/api/projects/newsbot", { description: "x" })).value.description, "x");
assert.equal((await ui.call("PUT", "/api/projects/newsbot/set-default")).value.is_default, true);
assert.deepEqual((await ui.call("GET", "/api/projects")).value.map((p) => p.name), ["newsbot"]);

const made = await scheduler.create("newsbot", "prod/ключ", "значение");
assert.deepEqual([made.status, made.value.version, made.value.value], [201, 1, "значение"]);
await refused(scheduler.create("newsbot", "prod/ключ", "x"), 409, "Secret 'secret:newsbot:prod/ключ' already exists");
assert.deepEqual((await scheduler.read("newsbot", "prod/ключ")).value, made.value);
assert.equal((await scheduler.rotate("newsbot", "prod/ключ", "2", 1)).value.version, 2);
await refused(scheduler.rotate("newsbot", "prod/ключ", "3", 1), 409, /is not at the expected version/);
assert.deepEqual((await ui.versions("newsbot", "prod/ключ")).value.map((v) => [v.version, v.updated_by]),
  [[1, "myscheduler"], [2, "myscheduler"]]);
await refused(scheduler.create("newsbot", "dev/x", "x"), 403,
  "Service 'myscheduler' does not have 'write' permission for 'secret:newsbot:dev/x'");
await refused(scheduler.create("newsbot", "prod/a", 7), 422, "field 'value' must be a string");
await refused(scheduler.read("newsbot", "prod/nothing"), 404, "Secret 'secret:newsbot:prod/nothing' not found");

const race = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => scheduler.create("newsbot", "prod/race", `v${n}`)));
assert.equal(race.filter((r) => r.status === "fulfilled" && r.value.status === 201).length, 1);
assert.equal(race.filter((r) => r.status === "rejected" && r.reason.status === 409).length, 19);

const listed = (await scheduler.call("GET", "/api/secrets?project=newsbot&prefix=prod/")).value;
assert.deepEqual(listed.map((s) => s.path), ["prod/race", "prod/ключ"]);
assert.ok(listed.every((s) => !("value" in s)));
assert.deepEqual((await scheduler.call("GET", "/api/secrets/newsbot")).value.map((s) => s.value).length, 2);
await refused(ui.call("DELETE", "/api/projects/newsbot"), 400, "Cannot delete project 'newsbot' with existing secrets. Delete all secrets first.");
assert.equal((await scheduler.remove("newsbot", "prod/ключ")).status, 204);
assert.equal((await scheduler.remove("newsbot", "prod/race")).status, 204);
assert.equal((await ui.call("DELETE", "/api/projects/newsbot")).status, 204);
await refused(ui.call("GET", "/api/projects/newsbot"), 404, "Project 'newsbot' not found");
await refused(ui.call("PUT", "/api/secrets/a/b"), 405, "Method Not Allowed");
console.log("all routes");

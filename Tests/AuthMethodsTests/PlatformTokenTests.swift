import AuthMethods
import EngineKit
import JOSE
import Syntax
import TestSupport
import Testing

/// The claims of a token as a platform makes them, a role that admits it, and claims that another token of the platform could have.
struct PlatformToken: Sendable, CustomTestStringConvertible {
    var name: String
    var role: JSONObject
    var claims: JSONObject
    var user: String
    /// Each is changed alone, and then refused.
    var others: JSONObject

    var testDescription: String { name }

    private static let base: JSONObject = ["role_type": "jwt"]

    static let all: [PlatformToken] = [
        PlatformToken(
            name: "GitHub Actions",
            role: base.with([
                "user_claim": "repository", "bound_audiences": "https://github.com/octo-org", "bound_claims_type": "glob",
                "bound_claims": [
                    "sub": "repo:octo-org/octo-repo:ref:refs/heads/*", "environment": "prod", "ref_protected": "true",
                ],
                "claim_mappings": ["job_workflow_ref": "workflow", "actor": "actor"],
            ]),
            claims: [
                "jti": "example-id", "sub": "repo:octo-org/octo-repo:ref:refs/heads/main", "environment": "prod",
                "aud": "https://github.com/octo-org", "ref": "refs/heads/main", "sha": "example-sha",
                "repository": "octo-org/octo-repo",
                "repository_owner": "octo-org", "actor_id": "12", "repository_visibility": "private", "repository_id": "74",
                "repository_owner_id": "65", "run_id": "example-run-id", "run_number": "10", "run_attempt": "2",
                "runner_environment": "github-hosted", "actor": "octocat", "workflow": "example-workflow", "head_ref": "",
                "base_ref": "",
                "event_name": "push", "ref_type": "branch", "ref_protected": "true",
                "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
                "iss": "https://token.actions.githubusercontent.com",
            ],
            user: "octo-org/octo-repo",
            others: [
                "sub": "repo:octo-org/other:ref:refs/heads/main", "environment": "stage", "ref_protected": "false", "aud": "x",
            ]),
        PlatformToken(
            name: "GitLab CI",
            role: base.with([
                "user_claim": "user_email", "bound_audiences": "https://coffer.example",
                "bound_claims": ["project_id": "22", "ref": ["main", "release"], "ref_type": "branch", "ref_protected": "true"],
            ]),
            claims: [
                "namespace_id": "72", "namespace_path": "my-group", "project_id": "22", "project_path": "my-group/my-project",
                "user_id": "1", "user_login": "sample-user", "user_email": "sample-user@example.com",
                "pipeline_id": "574", "pipeline_source": "push", "job_id": "302", "ref": "main", "ref_type": "branch",
                "ref_path": "refs/heads/main", "ref_protected": "true", "environment": "test-environment2",
                "environment_protected": "false", "runner_id": 1, "runner_environment": "self-hosted", "sha": "714a629c",
                "project_visibility": "public",
                "ci_config_ref_uri": "gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main",
                "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b", "iss": "https://gitlab.example.com",
                "sub": "project_path:my-group/my-project:ref_type:branch:ref:main", "aud": ["https://coffer.example"],
            ],
            user: "sample-user@example.com",
            others: ["project_id": "23", "ref": "mainly", "ref_type": "tag", "ref_protected": "false", "aud": ["x"]]),
        PlatformToken(
            name: "Kubernetes, projected",
            role: base.with([
                "user_claim": "sub", "bound_audiences": ["https://kubernetes.default.svc.cluster.local", "coffer"],
                "bound_subject": "system:serviceaccount:shop:payments",
                "bound_claims": ["/kubernetes.io/namespace": "shop", "/kubernetes.io/serviceaccount/name": "payments"],
                "claim_mappings": ["/kubernetes.io/pod/name": "pod"],
            ]),
            claims: [
                "aud": ["https://kubernetes.default.svc.cluster.local"], "iss": "https://kubernetes.default.svc.cluster.local",
                "kubernetes.io": [
                    "namespace": "shop", "node": ["name": "n1", "uid": "646e"], "pod": ["name": "payments-7d4", "uid": "eb65"],
                    "serviceaccount": ["name": "payments", "uid": "a087"], "warnafter": 1_700_003_607,
                ], "sub": "system:serviceaccount:shop:payments", "jti": "aed34954",
            ],
            user: "system:serviceaccount:shop:payments",
            others: ["sub": "system:serviceaccount:shop:other", "aud": ["other"], "kubernetes.io": ["namespace": "shop"]]),
        PlatformToken(
            name: "Kubernetes, legacy",
            role: base.with([
                "user_claim": "kubernetes.io/serviceaccount/service-account.uid",
                "bound_claims": [
                    "kubernetes.io/serviceaccount/namespace": "shop",
                    "kubernetes.io/serviceaccount/service-account.name": "payments",
                ],
            ]),
            claims: [
                "iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "shop",
                "kubernetes.io/serviceaccount/secret.name": "payments-token-x",
                "kubernetes.io/serviceaccount/service-account.name": "payments",
                "kubernetes.io/serviceaccount/service-account.uid": "d77f", "sub": "system:serviceaccount:shop:payments",
            ],
            user: "d77f",
            others: [
                "kubernetes.io/serviceaccount/namespace": "other", "kubernetes.io/serviceaccount/service-account.name": "x",
                "aud": "x",
            ]),
        PlatformToken(
            name: "Google",
            role: base.with([
                "user_claim": "email", "bound_audiences": "coffer", "bound_subject": "113",
                "bound_claims": ["email_verified": true, "/google/compute_engine/project_id": "my-project"],
            ]),
            claims: [
                "aud": "coffer", "azp": "113", "email": "vm@my-project.iam.gserviceaccount.com", "email_verified": true,
                "google": [
                    "compute_engine": [
                        "instance_creation_timestamp": 1_699_999_999, "instance_id": "6710", "instance_name": "vm",
                        "project_id": "my-project",
                        "project_number": 739_419_398_126, "zone": "us-west1-a",
                    ]
                ], "iss": "https://accounts.google.com", "sub": "113",
            ],
            user: "vm@my-project.iam.gserviceaccount.com",
            others: ["aud": "x", "sub": "114", "email_verified": "true", "google": ["compute_engine": ["project_id": "x"]]]),
        PlatformToken(
            name: "Azure AD",
            role: base.with([
                "user_claim": "oid", "bound_audiences": "api://coffer", "groups_claim": "groups",
                "bound_claims": ["tid": "72f9", "appid": "f1a2"],
            ]),
            claims: [
                "aud": "api://coffer", "iss": "https://sts.windows.net/72f9/", "aio": "E2ZgY", "appid": "f1a2", "appidacr": "2",
                "groups": ["0f5e", "1a2b"], "idp": "https://sts.windows.net/72f9/", "oid": "9f1c", "rh": "0.AR", "sub": "9f1c",
                "tid": "72f9", "uti": "x", "ver": "1.0", "xms_mirid": "/subscriptions/s/resourcegroups/g/providers/m/vm",
            ],
            user: "9f1c", others: ["aud": "api://x", "tid": "72f8", "appid": "f1a3", "groups": ["a": "b"]]),
        PlatformToken(
            name: "Auth0",
            role: base.with([
                "user_claim": "sub", "bound_audiences": "https://coffer.example", "groups_claim": "https://example.com/roles",
                "bound_claims": ["azp": "my_client_id", "gty": "client-credentials"],
            ]),
            claims: [
                "iss": "https://my-domain.auth0.com/", "sub": "auth0|123456", "gty": "client-credentials",
                "aud": ["https://coffer.example", "https://my-domain.auth0.com/userinfo"], "azp": "my_client_id",
                "scope": "openid profile", "https://example.com/roles": ["admin"],
            ],
            user: "auth0|123456", others: ["azp": "x", "gty": "password", "aud": ["https://my-domain.auth0.com/userinfo"]]),
        PlatformToken(
            name: "Okta",
            role: base.with([
                "user_claim": "uid", "bound_audiences": "api://default", "groups_claim": "groups", "bound_claims": ["cid": "0oab"],
                "claim_mappings": ["sub": "login"],
            ]),
            claims: [
                "ver": 1, "jti": "AT.0mP", "iss": "https://org.okta.com/oauth2/default", "aud": "api://default", "cid": "0oab",
                "uid": "00ug", "scp": ["openid", "groups"], "auth_time": 1_699_999_000, "sub": "ada@example.com",
                "groups": ["Everyone", "Admins"],
            ],
            user: "00ug", others: ["aud": "api://x", "cid": "0oac", "groups": [1], "uid": 7]),
        PlatformToken(
            name: "Supabase",
            role: base.with([
                "user_claim": "sub", "bound_audiences": "authenticated",
                "bound_claims": ["role": "authenticated", "/app_metadata/provider": "email", "is_anonymous": false],
            ]),
            claims: [
                "iss": "https://ref.supabase.co/auth/v1", "aud": "authenticated", "sub": "123e4567", "role": "authenticated",
                "aal": "aal1", "session_id": "s", "email": "ada@example.com", "phone": "", "is_anonymous": false,
                "app_metadata": ["provider": "email", "providers": ["email"]], "user_metadata": [:],
                "amr": [["method": "password", "timestamp": 1_699_999_999]],
            ],
            user: "123e4567",
            others: ["aud": "anon", "role": "anon", "is_anonymous": true, "app_metadata": ["provider": "github"]]),
    ]
}

@Suite("Tokens as platforms make them")
struct PlatformTokenTests {
    @Test("log in with a role for them, and not with one claim changed or missing", arguments: PlatformToken.all)
    func platforms(platform: PlatformToken) async throws {
        let issuer = try TokenIssuer(platform.name == "Azure AD" ? .rs256 : .es256)
        let source: JSONObject = ["jwks_url": .string(TokenIssuer.address + "/keys"), "bound_issuer": platform.claims["iss"] ?? ""]
        let driver = try await AuthDriver.ofTokens(issuer, role: platform.role, configuration: source)
        let now = driver.seconds
        let claims = platform.claims.with(["iat": .int(now - 5), "nbf": .int(now - 5), "exp": .int(now + 300)])
        func login(_ claims: JSONObject) throws -> JSONObject { ["role": "app", "jwt": .string(try issuer.sign(claims))] }
        let grant = try await driver.grant("login", login(claims))
        #expect(grant.aliasName == platform.user)
        // Whatever the role names is changed below, so that no bound is without its refusal.
        let bounds = (platform.role["bound_claims"]?.objectValue ?? [:]).map { $0.key }
        for bound in bounds {
            let claim = bound.removingUTF8Prefix("/").map { String($0.prefixUTF8 { $0 != UInt8(ascii: "/") }) } ?? bound
            #expect(platform.others[claim] != nil, "\(bound) is never changed")
        }
        for (member, value) in [("iss", "https://other.example"), ("nbf", JSON.int(now + 300)), ("iat", .int(now + 300))] {
            let changed = try login(claims.with([member: value]))
            #expect(await driver.refusal(.update, "login", changed) != nil, "\(member) changed")
        }
        let stranger = try TokenIssuer(platform.name == "Azure AD" ? .rs256 : .es256)
        let foreign: JSONObject = ["role": "app", "jwt": .string(try stranger.sign(claims))]
        #expect(await driver.refusal(.update, "login", foreign) != nil)
        for member in platform.others {
            let changed = try login(claims.with(JSONObject([member])))
            #expect(await driver.refusal(.update, "login", changed) != nil, "\(member.key) changed")
            guard member.key != "aud" || platform.claims["aud"] != nil else { continue }
            let missing = try login(claims.without(member.key))
            #expect(await driver.refusal(.update, "login", missing) != nil, "\(member.key) missing")
        }
        let ended = try login(claims.with(["exp": .int(now - 100)]))
        #expect(await driver.refusal(.update, "login", ended) != nil)
    }
}

internal import ArgumentParser

/// The command `coffer kv`, which groups commands.
struct KvCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "kv", "Read and write secrets of key-value mounts.",
        examples: "coffer kv put secret/database/postgres host=db.internal port=5432",
        "coffer kv get -field=port secret/database/postgres", "coffer kv get -mount=secret database/postgres",
        subcommands: [
            KvGet.self, KvPut.self, KvPatch.self, KvList.self, KvDelete.self, KvUndelete.self, KvDestroy.self, KvRollback.self,
            KvEnableVersioning.self, KvMetadata.self,
        ])
}

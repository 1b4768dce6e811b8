/// Names of environment variables that make programs run, load or trust something.
///
/// Anyone who may write a secret of a project also chooses its name. A secret that would become such a variable is refused unless the
/// caller, who runs the program, accepts its name. The list cannot be complete: a user who runs programs with all secrets of a project
/// must trust everyone who may write them.
enum SteeringName {
    /// Returns whether a name is such a name.
    ///
    /// - Parameters:
    ///   - name: The name of a variable.
    ///   - inShell: Whether names that are special only to shells are included, for text that a shell evaluates.
    static func isOne(_ name: String, inShell: Bool) -> Bool {
        let lower = name.lowercased()
        if proxies.contains(lower) { return true }
        if inShell, shellArrays.contains(name) { return true }
        return exact.contains(name) || prefixes.contains { name.utf8.starts(with: $0.utf8) }
            || suffixes.contains { name.utf8.reversed().starts(with: $0.utf8.reversed()) }
    }

    /// The proxy variables, which HTTP clients read in upper and lower case.
    private static let proxies: Set<String> = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"]

    /// The arrays that zsh ties to the variables with upper-case names.
    private static let shellArrays: Set<String> = ["path", "cdpath", "fpath", "mailpath", "manpath", "module_path", "psvar"]

    private static let prefixes = [
        // The dynamic loaders, the C library and its allocator.
        "LD_", "DYLD_", "GLIBC_", "MALLOC_",
        // Shells.
        "BASH", "KSH_", "ZSH_",
        // Interpreters and their package tools.
        "PYTHON", "PERL", "RUBY", "NODE_REPL_", "NPM_CONFIG_", "npm_config_", "YARN_", "PIP_", "UV_", "LUA_", "JAVA_TOOL_",
        "JDK_JAVA_",
        "DOTNET_", "CORECLR_", "COR_PROFILER", "COR_ENABLE_", "COMPlus_", "ERL_", "ELIXIR_", "GUILE_", "R_PROFILE", "R_ENVIRON",
        "CARGO_", "RUSTC", "JULIA_",
        // Programs that run commands.
        "GIT_", "OPENSSL_", "ANSIBLE_", "TF_CLI_", "VK_", "HELM_",
    ]

    /// The ends of names such as the `LD_PRELOAD` of other systems and wrappers, with or without a word size.
    private static let suffixes = ["_PRELOAD", "_PRELOAD_32", "_PRELOAD_64", "_INSERT_LIBRARIES", "_JAVA_OPTIONS", "_CA_BUNDLE"]

    private static let exact: Set<String> = [
        // Search paths of programs and libraries, and places of user settings.
        "PATH", "HOME", "CDPATH", "FPATH", "MANPATH", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP", "SHELL", "ENV", "ZDOTDIR",
        "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_RUNTIME_DIR",
        // Variables that change how a shell interprets text.
        "IFS", "SHELLOPTS", "PS0", "PS1", "PS2", "PS3", "PS4", "PROMPT_COMMAND", "GLOBIGNORE", "POSIXLY_CORRECT", "TMOUT",
        "HISTFILE",
        "MAILPATH", "MAILCHECK", "FCEDIT", "INPUTRC", "EXECIGNORE",
        // Programs that other programs start.
        "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "SUDO_ASKPASS", "SUDO_EDITOR", "SSH_ASKPASS",
        "SSH_ASKPASS_REQUIRE", "SSH_AUTH_SOCK", "MAKEFLAGS", "MAKEFILES", "CC", "CXX", "LD", "TERMINFO", "TERMINFO_DIRS", "TERMCAP",
        // The C library's files.
        "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "RESOLV_HOST_CONF", "RES_OPTIONS", "LOCALDOMAIN", "TZDIR", "GETCONF_DIR",
        "NIS_PATH", "HESIOD_CONFIG", "LIBPATH", "SHLIB_PATH", "KRB5_CONFIG", "KRB5CCNAME",
        // Languages.
        "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_V8_COVERAGE", "NODE_ICU_DATA",
        "ELECTRON_RUN_AS_NODE", "BUN_OPTIONS", "CLASSPATH", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "GRADLE_USER_HOME", "PHPRC",
        "PHP_INI_SCAN_DIR", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH", "BUNDLE_APP_CONFIG", "TCLLIBPATH", "RUSTFLAGS",
        "GOFLAGS", "GOROOT", "GOPATH", "GOPROXY", "GOTOOLCHAIN", "GOENV", "MONO_PATH", "MONO_CONFIG", "CLOUDSDK_PYTHON",
        // Options and startup files of programs, some of which can run commands.
        "TAR_OPTIONS", "ZIPOPT", "UNZIPOPT", "GZIP", "XZ_OPT", "XZ_DEFAULTS", "GS_OPTIONS", "RSYNC_RSH", "CVS_RSH", "SYSTEMD_PAGER",
        "PSQLRC", "VIMINIT", "GVIMINIT", "EXINIT", "VIM", "VIMRUNTIME", "LESS", "LESSKEY", "MAILRC", "SCREENRC", "GREP_OPTIONS",
        "GUNICORN_CMD_ARGS", "UWSGI_INI", "CATALINA_OPTS", "CATALINA_BASE", "CATALINA_HOME", "TOMCAT_OPTS", "SBT_OPTS", "ANT_OPTS",
        "SPRING_APPLICATION_JSON", "SPRING_CONFIG_LOCATION", "SPRING_CONFIG_ADDITIONAL_LOCATION", "GNUPGHOME", "MYSQL_HOME",
        "PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "NETRC", "WGETRC", "CURLRC", "LDAPCONF", "LDAPRC", "SASL_PATH",
        // Libraries that load modules by name.
        "GTK_MODULES", "GTK_PATH", "GIO_EXTRA_MODULES", "GIO_MODULE_DIR", "GDK_PIXBUF_MODULE_FILE", "QT_PLUGIN_PATH",
        "GST_PLUGIN_PATH", "GST_PLUGIN_SYSTEM_PATH", "LIBGL_DRIVERS_PATH", "ALSA_CONFIG_PATH", "GCC_EXEC_PREFIX", "COMPILER_PATH",
        "MAGICK_CONFIGURE_PATH", "MAGICK_CODER_MODULE_PATH",
        // Trusted certificates and server addresses.
        "AWS_ENDPOINT_URL", "PGSSLROOTCERT", "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "CURL_HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH",
        "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "KUBECONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG",
        "VAULT_ADDR", "VAULT_AGENT_ADDR", "VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY", "VAULT_CACERT", "VAULT_CACERT_BYTES",
        "VAULT_CAPATH",
        "VAULT_SKIP_VERIFY", "VAULT_TLS_SERVER_NAME", "VAULT_SRV_LOOKUP",
        "COFFER_ADDR", "COFFER_AGENT_ADDR", "COFFER_PROXY_ADDR", "COFFER_HTTP_PROXY", "COFFER_CACERT", "COFFER_CACERT_BYTES",
        "COFFER_CAPATH", "COFFER_SKIP_VERIFY", "COFFER_TLS_SERVER_NAME",
    ]
}

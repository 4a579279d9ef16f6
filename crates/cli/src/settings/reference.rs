//! The reference page of the settings.

use super::ALL;

/// Returns the page, Markdown.
pub(crate) fn markdown() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         A flag wins over the environment, the environment over the settings file, the file over the default.\n\n\
         The settings file is the one named by `--config` or `FLOWGLASS_CONFIG`, else `flowglass.toml` in the current\n\
         directory, else `$XDG_CONFIG_HOME/flowglass/flowglass.toml` (`~/.config/flowglass/flowglass.toml`). Relative\n\
         paths in it are relative to it. An unknown key is an error.\n\n\
         Secrets have no flag. Each may also be in a file of its own, named by the variable with `_FILE` behind.\n\n\
         | key in the file | flag | environment | value | default | meaning |\n\
         |---|---|---|---|---|---|\n",
    );
    for setting in ALL {
        let flag = match (setting.flag, setting.secret) {
            ("", true) => "secret: none".to_owned(),
            ("", false) => String::new(),
            (flag, _) => format!("`--{flag}`"),
        };
        let env = if setting.env.is_empty() { String::new() } else { format!("`{}`", setting.env) };
        page.push_str(&format!(
            "| `{}` | {flag} | {env} | {} | {} | {} |\n",
            setting.key,
            setting.value.replace('|', ", "),
            setting.default.replace('|', ", "),
            setting.meaning,
        ));
    }
    page.push_str(
        "\n## Sources\n\n\
         `watch` and `serve` read the sources of the settings file; `watch SOURCE...` replaces them. One `[[sources]]`\n\
         section each:\n\n\
         | key | meaning |\n\
         |---|---|\n\
         | `url` | A file, a directory, or `s3://bucket/prefix` |\n\
         | `name` | Name, part of the identity of every object; by default made of the bucket |\n\
         | `endpoint` | Endpoint of its store, where it is another than the setting's |\n\
         | `signing_region` | Region to sign for, where it is another than the setting's |\n\n\
         ```toml\n\
         lake = \"/var/lib/flowglass\"\n\
         endpoint = \"https://s3.us-south.cloud-object-storage.appdomain.cloud\"\n\n\
         [[sources]]\n\
         url = \"s3://my-flow-logs\"\n\
         ```\n",
    );
    page
}

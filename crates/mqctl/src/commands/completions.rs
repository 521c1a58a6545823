//! `mqctl completions`

use clap::ValueEnum;
use clap_complete::env::Shells;

use crate::display::output;
use crate::failure::Outcome;

/// Print a shell completion script
///
/// Completes verbs, options and queue names. To install it, add one line to the shell's start file:
///
/// - bash, in ~/.bashrc: source <(mqctl completions bash)
///
/// - zsh, in ~/.zshrc after compinit: source <(mqctl completions zsh)
///
/// - fish, in ~/.config/fish/config.fish: mqctl completions fish | source
///
/// Queue names are completed where `mqctl ls` works.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to complete in
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Args {
    /// The script sets the environment variable `variable` to ask for candidates.
    pub(crate) fn run(self, variable: &str) -> Outcome {
        let name = match self.shell {
            Shell::Bash => "bash",
            Shell::Fish => "fish",
            Shell::Zsh => "zsh",
        };
        let mut script = Vec::new();
        if let Some(shell) = Shells::builtins().completer(name) {
            shell.write_registration(variable, "mqctl", "mqctl", "mqctl", &mut script)?;
        }
        Ok(output::write(&script)?)
    }
}

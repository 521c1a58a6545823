//! `mqctl completions`

use clap::ValueEnum;
use clap_complete::env::Shells;

use crate::display::output;
use crate::failure::Outcome;

/// Print what makes a shell complete verbs, options and the names of queues
///
/// - bash, in ~/.bashrc: source <(mqctl completions bash)
///
/// - zsh, in ~/.zshrc after compinit: source <(mqctl completions zsh)
///
/// - fish, in ~/.config/fish/config.fish: mqctl completions fish | source
///
/// Names of queues are found where `mqctl ls` finds them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Args {
    /// `variable` is the one by which the printed function asks for candidates.
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

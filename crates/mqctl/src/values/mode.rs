//! Permissions, as users type and read them.

/// The mode argument of `--mode` and `chmod`: `640`, `u=rw,g=r`, `o-rwx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModeChange {
    Absolute(u32),
    Symbolic(Vec<Clause>),
}

/// One clause of a symbolic mode; commas separate clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// All bits of the classes it applies to: `0o700` for the user.
    who: u32,
    operator: char,
    /// The permissions, set for all three classes: `0o444` for read.
    permissions: u32,
}

impl ModeChange {
    /// Returns the mode after the change.
    pub(crate) fn apply(&self, mode: u32) -> u32 {
        match self {
            Self::Absolute(mode) => *mode,
            Self::Symbolic(clauses) => {
                clauses.iter().fold(mode & 0o7777, |mode, clause| clause.apply(mode))
            }
        }
    }
}

impl Clause {
    fn apply(self, mode: u32) -> u32 {
        let bits = self.who & self.permissions;
        match self.operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => mode & !self.who | bits,
        }
    }
}

pub(crate) fn parse(typed: &str) -> Result<ModeChange, String> {
    if typed.starts_with(|c: char| c.is_ascii_digit()) {
        return match u32::from_str_radix(typed, 8) {
            Ok(mode) if mode <= 0o7777 => Ok(ModeChange::Absolute(mode)),
            _ => Err("an octal mode is between 0 and 7777, such as 640".into()),
        };
    }
    typed.split(',').map(parse_clause).collect::<Option<_>>().map(ModeChange::Symbolic).ok_or_else(
        || {
            "a mode is octal, such as 640, or symbolic, such as u=rw,g+r,o-rwx, with u, g, o or a, then \
         +, - or =, then r, w or x"
                .into()
        },
    )
}

fn parse_clause(typed: &str) -> Option<Clause> {
    let (who, rest) = typed.split_at(typed.find(['+', '-', '='])?);
    let mut rest = rest.chars();
    let operator = rest.next()?;
    let who = parse_bits(who.chars(), &[('u', 0o700), ('g', 0o070), ('o', 0o007), ('a', 0o777)])?;
    let permissions = parse_bits(rest, &[('r', 0o444), ('w', 0o222), ('x', 0o111)])?;
    // A clause without u, g, o or a is almost certainly a mistake.
    (who != 0).then_some(Clause { who, operator, permissions })
}

fn parse_bits(mut letters: impl Iterator<Item = char>, known: &[(char, u32)]) -> Option<u32> {
    letters.try_fold(0, |all, letter| {
        known.iter().find(|(known, _)| *known == letter).map(|(_, bits)| all | bits)
    })
}

/// Nine letters, as `ls -l` prints them after the file type.
pub(crate) fn format_symbolic(mode: u32) -> String {
    let letter = |shift: u32| match mode >> shift & 1 {
        0 => '-',
        _ => ['x', 'w', 'r'].get(shift as usize % 3).copied().unwrap_or('-'),
    };
    (0..9).rev().map(letter).collect()
}

/// Four octal digits.
pub(crate) fn format_octal(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

#[cfg(test)]
mod tests {
    use super::{format_symbolic, parse};

    #[test]
    fn octal_and_symbolic_modes_are_applied() {
        for (typed, before, after) in [
            ("0", 0o600, 0),
            ("0640", 0o600, 0o640),
            ("u=rw,g=r", 0o777, 0o647),
            ("g+rw", 0o600, 0o660),
            ("a-w", 0o666, 0o444),
            ("ug=r,o=", 0o777, 0o440),
            ("u+x,u-x", 0o600, 0o600),
        ] {
            assert_eq!(parse(typed).map(|change| change.apply(before)), Ok(after), "{typed}");
        }
    }

    #[test]
    fn invalid_modes_are_rejected() {
        for typed in ["", "8", "10000", "+r", "u", "u+z", "u=rw;g=r", "u=rw,", "-1", "rw-------"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn symbolic_form_matches_ls() {
        assert_eq!(format_symbolic(0o100_640), "rw-r-----");
        assert_eq!(format_symbolic(0o7), "------rwx");
    }
}

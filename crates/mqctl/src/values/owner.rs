//! Users and groups, by name or number.

use nix::unistd::{Gid, Group, Uid, User};

/// A new owner. An omitted user or group stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

/// Parses `USER`, `USER:GROUP` or `:GROUP`.
pub(crate) fn parse(typed: &str) -> Result<Owner, String> {
    let (user, group) = typed.split_once(':').map_or((typed, None), |(u, g)| (u, Some(g)));
    let uid = if user.is_empty() { None } else { Some(parse_user(user)?) };
    if group == Some("") || (uid.is_none() && group.is_none()) {
        return Err("an owner is USER, USER:GROUP or :GROUP".into());
    }
    Ok(Owner { uid, gid: group.map(parse_group).transpose()? })
}

pub(crate) fn parse_user(typed: &str) -> Result<u32, String> {
    parse_id(typed)
        .or_else(|| Some(User::from_name(typed).ok()??.uid.as_raw()))
        .ok_or_else(|| "no such user; a number is accepted too".into())
}

pub(crate) fn parse_group(typed: &str) -> Result<u32, String> {
    parse_id(typed)
        .or_else(|| Some(Group::from_name(typed).ok()??.gid.as_raw()))
        .ok_or_else(|| "no such group; a number is accepted too".into())
}

pub(crate) fn user_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok()?.map(|user| user.name)
}

pub(crate) fn group_name(gid: u32) -> Option<String> {
    Group::from_gid(Gid::from_raw(gid)).ok()?.map(|group| group.name)
}

/// Returns the user's name, or the number if there is no name.
pub(crate) fn format_user(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| uid.to_string())
}

/// Returns the group's name, or the number if there is no name.
pub(crate) fn format_group(gid: u32) -> String {
    group_name(gid).unwrap_or_else(|| gid.to_string())
}

/// Returns `USER:GROUP`, by name where there is one.
pub(crate) fn format_owner(uid: u32, gid: u32) -> String {
    format!("{}:{}", format_user(uid), format_group(gid))
}

/// Parses a numeric id. The largest number means "leave unchanged" to chown(2).
fn parse_id(typed: &str) -> Option<u32> {
    typed.parse().ok().filter(|id| *id != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Owner, parse};

    #[test]
    fn owner_is_user_group_or_both() {
        for (typed, uid, gid) in [
            ("7", Some(7), None),
            ("7:8", Some(7), Some(8)),
            (":8", None, Some(8)),
            ("root:0", Some(0), Some(0)),
            ("root", Some(0), None),
        ] {
            assert_eq!(parse(typed), Ok(Owner { uid, gid }), "{typed}");
        }
    }

    #[test]
    fn invalid_owners_are_rejected() {
        for typed in ["", ":", "0:", "no such user", "0:no such group", "4294967295", "-1"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}

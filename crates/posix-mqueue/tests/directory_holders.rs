//! Which processes have a queue open.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::process;

use fixture::directory::{Peer, directory, entry, queue_of_peer, run_again, stay, unshare};
use fixture::{UniqueName, child, creating, eventually, queue_with_unique_name};
use posix_mqueue::{Entry, Holder, MessageQueue, holders};

fn number(queue: &MessageQueue) -> i32 {
    queue.as_fd().as_raw_fd()
}

/// The processes and descriptors that hold a queue.
fn of(entry: &Entry) -> Vec<(u32, Vec<i32>)> {
    let found = entry.holders().unwrap().found;
    assert!(found.iter().all(|holder| holder.name == entry.name));
    found.into_iter().map(|Holder { pid, descriptors, .. }| (pid, descriptors)).collect()
}

/// Whether this process alone holds a queue, by these descriptors. A process that another test
/// starts has them too until it runs its program.
fn are_all_here(entry: &Entry, mut descriptors: Vec<i32>) -> bool {
    descriptors.sort_unstable();
    eventually(|| of(entry) == [(process::id(), descriptors.clone())])
}

#[test]
fn this_process_is_found_with_its_descriptors() {
    let Some(directory) = directory("this_process_is_found_with_its_descriptors") else { return };
    let queue = queue_with_unique_name();
    let entry = entry(&directory, &queue);
    assert!(are_all_here(&entry, vec![number(&queue)]));
    let other = queue.opened(false, true);
    assert!(are_all_here(&entry, vec![number(&queue), number(&other)]));
}

#[test]
fn holder_is_found_until_it_closes() {
    let test = "holder_is_found_until_it_closes";
    if let Some(_queue) = queue_of_peer() {
        return stay();
    }
    let Some(directory) = directory(test) else { return };
    let queue = queue_with_unique_name();
    let entry = entry(&directory, &queue);
    let peer = Peer::start(&queue, test);
    let pid = peer.id();
    let has =
        || of(&entry).iter().any(|(holder, descriptors)| *holder == pid && descriptors.len() == 1);
    assert!(eventually(has));
    drop(peer);
    assert!(are_all_here(&entry, vec![number(&queue)]));
}

#[test]
fn one_search_finds_the_holders_of_several_queues() {
    let Some(directory) = directory("one_search_finds_the_holders_of_several_queues") else {
        return;
    };
    let queues = [queue_with_unique_name(), queue_with_unique_name(), queue_with_unique_name()];
    let entries: Vec<_> = queues.iter().map(|queue| entry(&directory, queue)).collect();
    let mut expected: Vec<_> =
        queues.iter().map(|queue| (queue.name().unwrap().clone(), vec![number(queue)])).collect();
    expected.sort_unstable();
    let are_found = || {
        let found = holders(&entries).unwrap().found;
        found.is_sorted()
            && found
                .into_iter()
                .map(|holder| (holder.name, holder.descriptors))
                .eq(expected.clone())
    };
    assert!(eventually(are_found));
}

#[test]
fn no_queue_has_no_holders() {
    assert_eq!(holders(&[]).unwrap().found, []);
}

#[test]
fn a_closed_queue_has_no_holders() {
    let Some(directory) = directory("a_closed_queue_has_no_holders") else { return };
    let queue = queue_with_unique_name();
    let entry = entry(&directory, &queue);
    let _name = queue.into_name();
    assert!(eventually(|| of(&entry).is_empty()));
}

#[test]
fn holder_of_an_unlinked_queue_is_found() {
    let test = "holder_of_an_unlinked_queue_is_found";
    let Some(directory) = directory(test) else { return };
    let queue = queue_with_unique_name();
    let before = entry(&directory, &queue);
    queue.unlink().unwrap();
    let anew = creating().open(queue.name().unwrap()).unwrap();
    // Each of the two queues of this name has its own.
    assert!(are_all_here(&before, vec![number(&queue)]));
    assert!(are_all_here(&entry(&directory, &anew), vec![number(&anew)]));
}

#[test]
fn a_name_that_looks_deleted_is_found() {
    let Some(directory) = directory("a_name_that_looks_deleted_is_found") else { return };
    let name = UniqueName::ending_in(" (deleted)");
    let queue = creating().open(&name).unwrap();
    let entry = entry(&directory, &queue);
    assert!(are_all_here(&entry, vec![number(&queue)]));
    queue.unlink().unwrap();
    assert!(are_all_here(&entry, vec![number(&queue)]));
}

#[test]
fn processes_that_cannot_be_looked_into_are_counted() {
    let test = "processes_that_cannot_be_looked_into_are_counted";
    if !child::is_this() && fs::metadata("/proc/self").unwrap().uid() == 0 {
        // What another user sees of this process, for one.
        return run_again(&["setpriv", "--reuid", "65534", "--clear-groups"], test);
    }
    let unreadable = |pid: &str| {
        let refused = fs::read_dir(format!("/proc/{pid}/fd"));
        refused.is_err_and(|e| e.raw_os_error() == Some(libc::EACCES))
            // What the kernel runs by itself has no command line.
            && fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
    };
    let any = fs::read_dir("/proc").unwrap().any(|process| {
        let name = process.unwrap().file_name();
        name.to_str().is_some_and(|name| name.parse::<u32>().is_ok() && unreadable(name))
    });
    let holders = holders(&[]).unwrap();
    assert_eq!(holders.unreadable > 0, any);
    assert_eq!(holders.is_complete(), !any && !holders.hidden);
}

/// Runs the test where `/proc` hides the processes of others from whoever may not trace them.
fn run_where_proc_hides(lost: &str, test: &str) {
    let script = format!(
        "mount -t proc -o hidepid=2 none /proc && exec setpriv --bounding-set={lost} \"$0\" \"$@\""
    );
    run_again(&[&unshare(), &["-p", "-f", "-m", "sh", "-c", &script][..]].concat(), test);
}

#[test]
fn that_proc_hides_processes_is_told() {
    if !child::is_this() {
        return run_where_proc_hides("-sys_ptrace", "that_proc_hides_processes_is_told");
    }
    let holders = holders(&[]).unwrap();
    assert!(holders.hidden);
    assert!(!holders.is_complete());
}

#[test]
fn proc_hides_nothing_from_who_may_trace() {
    if !child::is_this() {
        return run_where_proc_hides("-sys_time", "proc_hides_nothing_from_who_may_trace");
    }
    let holders = holders(&[]).unwrap();
    assert_eq!((holders.unreadable, holders.hidden), (0, false));
    assert!(holders.is_complete());
}

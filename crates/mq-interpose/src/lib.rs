//! The C names of message queues over posix-mqueue, for `LD_PRELOAD`: any C program then runs over
//! our code. For development only, never published.
//!
//! ```text
//! LD_PRELOAD=target/debug/libmq_interpose.so MQ_INTERPOSE_COUNTS=/tmp/counts program
//! ```
//!
//! Every call looks its descriptor up (`table`), asks the crate (`calls`) and turns the error back
//! into errno (`c`). With `MQ_INTERPOSE_COUNTS`, each process adds to that file, now and then and
//! when it exits, lines `name count`: so often was this function called since (`counts`).
//!
//! What a program can tell from the C library: the functions are no cancellation points;
//! `mq_setattr` reads the old attributes and sets the new in two steps; `mq_close` closes queues
//! only, and while another thread sleeps in a call on the descriptor its number stays taken;
//! `__mq_open_2` with `O_CREAT` fails with `EINVAL` instead of ending the process; the thread of a
//! `SIGEV_THREAD` has the default attributes, whatever `sigev_notify_attributes` says; a signal
//! handler that interrupts one of these functions anywhere but in its sleep must not call another.

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("mq_open is defined here as these machines pass variadic arguments, and no others");

mod c;
mod calls;
mod counts;
mod descriptor;
mod errno;
mod table;

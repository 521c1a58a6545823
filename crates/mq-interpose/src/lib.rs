//! The C names over posix-mqueue, for LD_PRELOAD.

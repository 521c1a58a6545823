// The system calls that carry messages, by the instruction itself instead of by libc.

#ifndef CALL_H
#define CALL_H

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

#if defined(__x86_64__)
#define INLINED 1

// Minus an errno if it fails. `priority` is a number to send, a pointer to receive.
static inline long call(long number, long fd, const void *bytes, size_t size, long priority,
                        const struct timespec *deadline) {
    long result;
    register long fourth __asm__("r10") = priority;
    register const struct timespec *fifth __asm__("r8") = deadline;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(fd), "S"(bytes), "d"(size), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)
#define INLINED 1

static inline long call(long number, long fd, const void *bytes, size_t size, long priority,
                        const struct timespec *deadline) {
    register long n __asm__("x8") = number;
    register long first __asm__("x0") = fd;
    register const void *second __asm__("x1") = bytes;
    register size_t third __asm__("x2") = size;
    register long fourth __asm__("x3") = priority;
    register const struct timespec *fifth __asm__("x4") = deadline;
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(n), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                     : "memory");
    return first;
}

#else
#define INLINED 0

static inline long call(long number, long fd, const void *bytes, size_t size, long priority,
                        const struct timespec *deadline) {
    (void)number, (void)fd, (void)bytes, (void)size, (void)priority, (void)deadline;
    return -ENOSYS;
}

#endif
#endif

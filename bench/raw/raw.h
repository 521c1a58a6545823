// The loops in C that the benchmark calls by ctypes. Each returns 0 or an errno.

#ifndef RAW_H
#define RAW_H

#include <mqueue.h>
#include <stddef.h>
#include <stdint.h>

// `burst` messages sent, then received, `count` times. A burst of one is a pair.
int raw_bursts(mqd_t queue, size_t size, size_t room, long burst, long count);
// The same with a priority for each message.
int raw_backlogs(mqd_t queue, size_t size, size_t room, const unsigned *priorities, long depth,
                 long count);
// Pairs by tries that cannot wait.
int raw_try_pairs(mqd_t queue, size_t size, size_t room, long count);
// Tries to receive from an empty queue.
int raw_failed_tries(mqd_t queue, size_t room, long count);
// Pairs, each in the next of `open` queues.
int raw_rounds(const int *queues, long open, size_t size, size_t room, long count);
// The two ends of a stream.
int raw_sends(mqd_t queue, size_t size, long count);
int raw_receives(mqd_t queue, size_t room, long count);
// The two ends of a ping-pong, trying for `spin` nanoseconds before they sleep. `took` is filled
// with the nanoseconds of each round trip.
int raw_pings(mqd_t there, mqd_t back, size_t size, size_t room, int64_t spin, long count,
              int64_t *took);
int raw_echoes(mqd_t there, mqd_t back, size_t size, size_t room, int64_t spin, long count);

// Without libc; ENOSYS where it is not available.
int inlined_available(void);
int inlined_bursts(mqd_t queue, size_t size, size_t room, long burst, long count);

#endif

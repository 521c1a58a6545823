// The loops that everything else is compared with: the system calls through libc, and nothing more.
//
// Each returns 0 or an errno. A message has `size` bytes, a receive has `room` for more.

#define _GNU_SOURCE
#include "raw.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

// A deadline that has passed: the kernel answers at once.
static const struct timespec NOW = {0, 0};

struct buffer {
    char *bytes;
    unsigned priority;
};

static int allocate(struct buffer *buffer, size_t size) {
    buffer->bytes = calloc(1, size + 1);
    return buffer->bytes == NULL ? ENOMEM : 0;
}

static inline int put(mqd_t queue, const char *bytes, size_t size, unsigned priority) {
    return mq_send(queue, bytes, size, priority) == 0 ? 0 : errno;
}

static inline int take(mqd_t queue, struct buffer *buffer, size_t room) {
    return mq_receive(queue, buffer->bytes, room, &buffer->priority) >= 0 ? 0 : errno;
}

int raw_try_pairs(mqd_t queue, size_t size, size_t room, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    while (error == 0 && count-- > 0) {
        if (mq_timedsend(queue, buffer.bytes, size, 0, &NOW) != 0 ||
            mq_timedreceive(queue, buffer.bytes, room, &buffer.priority, &NOW) < 0)
            error = errno;
    }
    free(buffer.bytes);
    return error;
}

int raw_failed_tries(mqd_t queue, size_t room, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    while (error == 0 && count-- > 0) {
        if (mq_timedreceive(queue, buffer.bytes, room, &buffer.priority, &NOW) >= 0)
            error = EBUSY;
        else if (errno != ETIMEDOUT)
            error = errno;
    }
    free(buffer.bytes);
    return error;
}

int raw_bursts(mqd_t queue, size_t size, size_t room, long burst, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    while (error == 0 && count-- > 0) {
        for (long i = 0; error == 0 && i < burst; i++)
            error = put(queue, buffer.bytes, size, 0);
        for (long i = 0; error == 0 && i < burst; i++)
            error = take(queue, &buffer, room);
    }
    free(buffer.bytes);
    return error;
}

int raw_backlogs(mqd_t queue, size_t size, size_t room, const unsigned *priorities, long depth,
                 long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    while (error == 0 && count-- > 0) {
        for (long i = 0; error == 0 && i < depth; i++)
            error = put(queue, buffer.bytes, size, priorities[i]);
        for (long i = 0; error == 0 && i < depth; i++)
            error = take(queue, &buffer, room);
    }
    free(buffer.bytes);
    return error;
}

int raw_rounds(const int *queues, long open, size_t size, size_t room, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    for (long i = 0; error == 0 && count-- > 0; i = i + 1 == open ? 0 : i + 1) {
        error = put(queues[i], buffer.bytes, size, 0);
        if (error == 0)
            error = take(queues[i], &buffer, room);
    }
    free(buffer.bytes);
    return error;
}

int raw_sends(mqd_t queue, size_t size, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, size);
    while (error == 0 && count-- > 0)
        error = put(queue, buffer.bytes, size, 0);
    free(buffer.bytes);
    return error;
}

int raw_receives(mqd_t queue, size_t room, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    while (error == 0 && count-- > 0)
        error = take(queue, &buffer, room);
    free(buffer.bytes);
    return error;
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

// Tries for `spin` nanoseconds before it sleeps.
static int take_spinning(mqd_t queue, struct buffer *buffer, size_t room, int64_t spin) {
    if (spin > 0) {
        int64_t end = nanoseconds() + spin;
        do {
            if (mq_timedreceive(queue, buffer->bytes, room, &buffer->priority, &NOW) >= 0)
                return 0;
            if (errno != ETIMEDOUT)
                return errno;
        } while (nanoseconds() < end);
    }
    return take(queue, buffer, room);
}

int raw_pings(mqd_t there, mqd_t back, size_t size, size_t room, int64_t spin, long count,
              int64_t *took) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    for (long i = 0; error == 0 && i < count; i++) {
        int64_t start = nanoseconds();
        error = put(there, buffer.bytes, size, 0);
        if (error == 0)
            error = take_spinning(back, &buffer, room, spin);
        took[i] = nanoseconds() - start;
    }
    free(buffer.bytes);
    return error;
}

int raw_echoes(mqd_t there, mqd_t back, size_t size, size_t room, int64_t spin, long count) {
    struct buffer buffer;
    int error = allocate(&buffer, room);
    while (error == 0 && count-- > 0) {
        error = take_spinning(there, &buffer, room, spin);
        if (error == 0)
            error = put(back, buffer.bytes, size, 0);
    }
    free(buffer.bytes);
    return error;
}

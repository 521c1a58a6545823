// The same loops with the instruction itself in them instead of a call of libc: what the kernel
// costs by itself, and so the floor of every library.

#define _GNU_SOURCE
#include "raw.h"

#include <stdlib.h>

#include "call.h"

int inlined_available(void) { return INLINED; }

int inlined_bursts(mqd_t queue, size_t size, size_t room, long burst, long count) {
    char *bytes = calloc(1, room + 1);
    unsigned priority;
    long result = bytes == NULL ? -ENOMEM : 0;
    while (result >= 0 && count-- > 0) {
        for (long i = 0; result >= 0 && i < burst; i++)
            result = call(SYS_mq_timedsend, queue, bytes, size, 0, NULL);
        for (long i = 0; result >= 0 && i < burst; i++)
            result = call(SYS_mq_timedreceive, queue, bytes, room, (long)&priority, NULL);
    }
    free(bytes);
    return result < 0 ? (int)-result : 0;
}

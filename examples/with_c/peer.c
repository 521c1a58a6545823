/* A C program that talks to Python by queues: peer REQUESTS ANSWERS
 *
 * It takes lines of text from one queue and puts their length, as JSON, into another, until an
 * empty message comes. Build it with: cc -o peer peer.c   (with glibc before 2.34 add -lrt)
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s REQUESTS ANSWERS\n", argv[0]);
        return 2;
    }
    mqd_t requests = mq_open(argv[1], O_RDONLY);
    mqd_t answers = mq_open(argv[2], O_WRONLY);
    struct mq_attr attributes;
    if (requests == (mqd_t)-1 || answers == (mqd_t)-1 || mq_getattr(requests, &attributes) != 0) {
        perror("mq_open");
        return 1;
    }

    /* To receive, there must be room for the largest message that the queue can have. */
    char *message = malloc(attributes.mq_msgsize);
    if (message == NULL)
        return 1;
    for (;;) {
        unsigned priority;
        ssize_t length = mq_receive(requests, message, attributes.mq_msgsize, &priority);
        if (length < 0) {
            perror("mq_receive");
            return 1;
        }
        if (length == 0)
            break;
        char answer[128];
        int size = snprintf(answer, sizeof answer, "{\"length\": %zd, \"priority\": %u}", length, priority);
        if (mq_send(answers, answer, size, priority) != 0) {
            perror("mq_send");
            return 1;
        }
    }
    free(message);
    mq_close(requests);
    mq_close(answers);
    return 0;
}

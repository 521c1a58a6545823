// What a program may expect of message queues, on any implementation: the C library's own and ours
// in its place. Silent and 0 if all holds; else the line that does not.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(holds) ((holds) ? (void)0 : wrong(__LINE__, #holds))
#define FAILS(call, error) \
    (errno = 0, CHECK((call) == -1), errno == (error) ? (void)0 : wrong(__LINE__, #call " " #error))

mqd_t __mq_open_2(const char *name, int flags);

static char name[64];
static const struct mq_attr small = {.mq_maxmsg = 2, .mq_msgsize = 8};

static void wrong(int line, const char *what) {
    fprintf(stderr, "line %d: %s (errno %d, %s)\n", line, what, errno, strerror(errno));
    mq_unlink(name);
    _exit(1);
}

static mqd_t fresh(int flags) {
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | flags, 0600, &small);
    CHECK(queue >= 0);
    CHECK(mq_unlink(name) == 0);
    return queue;
}

static struct timespec in(long milliseconds) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    long nanoseconds = now.tv_nsec + milliseconds % 1000 * 1000000;
    now.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
    now.tv_nsec = nanoseconds % 1000000000;
    return now;
}

static long messages(mqd_t queue) {
    struct mq_attr now;
    CHECK(mq_getattr(queue, &now) == 0);
    return now.mq_curmsgs;
}

static void *nowhere(void) {
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    return page;
}

static void names(void) {
    char longest[1 + 255 + 1], longer[1 + 256 + 1];
    memset(longest, 'x', sizeof longest);
    memset(longer, 'x', sizeof longer);
    longest[0] = longer[0] = '/';
    longest[256] = longer[257] = 0;
    memcpy(longest, name, strlen(name));
    mqd_t queue = mq_open(longest, O_CREAT | O_RDWR, 0600, &small);
    CHECK(queue >= 0);
    CHECK(mq_close(queue) == 0);
    CHECK(mq_unlink(longest) == 0);
    const struct { const char *name; int error; } refused[] = {
        {"", EINVAL}, {"none", EINVAL}, {"/", ENOENT}, {"/.", EACCES}, {"/..", EACCES},
        {"/a/b", EACCES}, {"//a", EACCES}, {longer, ENAMETOOLONG}, {"/mq-interpose-none", ENOENT},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        FAILS(mq_open(refused[i].name, O_RDWR), refused[i].error);
        FAILS(mq_unlink(refused[i].name), refused[i].error);
    }
}

static void opening(void) {
    FAILS(mq_open(name, O_RDWR), ENOENT);
    FAILS(__mq_open_2(name, O_RDWR), ENOENT);
    FAILS(mq_open(name, O_CREAT | O_RDWR, 0600, nowhere()), EFAULT);
    const struct mq_attr refused[] = {
        {.mq_maxmsg = 0, .mq_msgsize = 8}, {.mq_maxmsg = 2, .mq_msgsize = 0}, {.mq_maxmsg = 0},
        {.mq_maxmsg = -1, .mq_msgsize = 8}, {.mq_maxmsg = 2, .mq_msgsize = -1},
        {.mq_maxmsg = 65537, .mq_msgsize = 8}, {.mq_maxmsg = 2, .mq_msgsize = 16777217},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        FAILS(mq_open(name, O_CREAT | O_RDWR, 0600, &refused[i]), EINVAL);

    mode_t mask = umask(022);
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0666, &small);
    umask(mask);
    CHECK(queue >= 0);
    struct stat stat;
    CHECK(fstat(queue, &stat) == 0);
    CHECK((stat.st_mode & 07777) == 0644);
    CHECK(fcntl(queue, F_GETFD) == FD_CLOEXEC);
    struct mq_attr now;
    memset(&now, -1, sizeof now);
    CHECK(mq_getattr(queue, &now) == 0);
    CHECK(now.mq_flags == O_NONBLOCK && now.mq_maxmsg == 2 && now.mq_msgsize == 8);
    CHECK(now.mq_curmsgs == 0);

    FAILS(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &small), EEXIST);
    FAILS(mq_open(name, O_WRONLY | O_RDWR), EINVAL);
    // Neither sizes nor mode matter to a queue that exists.
    mqd_t again = mq_open(name, O_CREAT | O_RDONLY, 0, &refused[0]);
    CHECK(again >= 0 && again != queue);
    CHECK(mq_getattr(again, &now) == 0);
    CHECK(now.mq_flags == 0 && now.mq_maxmsg == 2);
    FAILS(mq_send(again, "", 0, 0), EBADF);
    CHECK(mq_close(again) == 0);
    FAILS(mq_close(again), EBADF);

    mqd_t fortified = __mq_open_2(name, O_WRONLY);
    CHECK(fortified >= 0);
    char buffer[8];
    FAILS(mq_receive(fortified, buffer, sizeof buffer, NULL), EBADF);
    CHECK(mq_send(fortified, "two", 3, 0) == 0);
    CHECK(mq_close(fortified) == 0);
    CHECK(messages(queue) == 1);

    CHECK(mq_unlink(name) == 0);
    FAILS(mq_unlink(name), ENOENT);
    CHECK(messages(queue) == 1);
    CHECK(mq_close(queue) == 0);

    // Without sizes, the system's.
    queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
    CHECK(queue >= 0);
    CHECK(mq_unlink(name) == 0);
    CHECK(mq_getattr(queue, &now) == 0);
    CHECK(now.mq_maxmsg > 0 && now.mq_msgsize > 0);
    CHECK(mq_close(queue) == 0);
}

static void no_queues(void) {
    int files[2], closed = dup(0);
    CHECK(pipe(files) == 0);
    CHECK(close(closed) == 0);
    const int none[] = {-1, -7, closed, files[0], 1 << 30};
    char buffer[8192];
    struct mq_attr attr = {0};
    struct timespec past = {0};
    struct sigevent silent = {.sigev_notify = SIGEV_NONE};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        FAILS(mq_send(none[i], "", 0, 0), EBADF);
        FAILS(mq_timedsend(none[i], "", 0, 0, &past), EBADF);
        FAILS(mq_receive(none[i], buffer, sizeof buffer, NULL), EBADF);
        FAILS(mq_timedreceive(none[i], buffer, sizeof buffer, NULL, &past), EBADF);
        FAILS(mq_getattr(none[i], &attr), EBADF);
        FAILS(mq_setattr(none[i], &attr, NULL), EBADF);
        FAILS(mq_notify(none[i], NULL), EBADF);
        FAILS(mq_notify(none[i], &silent), EBADF);
    }
    FAILS(mq_close(-1), EBADF);
    FAILS(mq_close(closed), EBADF);
    close(files[0]);
    close(files[1]);
}

static void passing(void) {
    mqd_t queue = fresh(O_RDWR);
    char buffer[64];
    unsigned priority = 99;
    FAILS(mq_send(queue, "123456789", 9, 0), EMSGSIZE);
    FAILS(mq_send(queue, "1", SIZE_MAX, 0), EMSGSIZE);
    FAILS(mq_send(queue, "1", 1, 32768), EINVAL);
    FAILS(mq_send(queue, nowhere(), 8, 0), EFAULT);
    FAILS(mq_send(queue, NULL, 8, 0), EFAULT);
    CHECK(messages(queue) == 0);
    CHECK(mq_send(queue, NULL, 0, 0) == 0);
    CHECK(mq_send(queue, "12345678", 8, 32767) == 0);
    FAILS(mq_receive(queue, buffer, 7, NULL), EMSGSIZE);
    FAILS(mq_receive(queue, NULL, 0, NULL), EMSGSIZE);
    CHECK(messages(queue) == 2);
    memset(buffer, '.', sizeof buffer);
    CHECK(mq_receive(queue, buffer, sizeof buffer, &priority) == 8);
    CHECK(priority == 32767 && memcmp(buffer, "12345678..", 10) == 0);
    CHECK(mq_receive(queue, buffer, SIZE_MAX / 2, &priority) == 0);
    CHECK(priority == 0);
    CHECK(mq_send(queue, "a", 1, 3) == 0);
    CHECK(mq_send(queue, "b", 1, 3) == 0);
    CHECK(mq_receive(queue, buffer, 8, NULL) == 1 && *buffer == 'a');
    CHECK(mq_receive(queue, buffer, 8, NULL) == 1 && *buffer == 'b');
    CHECK(mq_close(queue) == 0);
}

static void deadlines(void) {
    mqd_t queue = fresh(O_RDWR);
    char buffer[8];
    const struct timespec refused[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {LONG_MAX, LONG_MAX}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        // Before anything else, though neither would wait.
        FAILS(mq_timedsend(queue, "", 0, 0, &refused[i]), EINVAL);
        FAILS(mq_timedsend(-1, "", 0, 0, &refused[i]), EINVAL);
        FAILS(mq_timedreceive(queue, buffer, 8, NULL, &refused[i]), EINVAL);
        FAILS(mq_timedreceive(-1, buffer, 8, NULL, &refused[i]), EINVAL);
    }
    FAILS(mq_timedsend(queue, "", 0, 0, nowhere()), EFAULT);
    FAILS(mq_timedreceive(queue, buffer, 8, NULL, nowhere()), EFAULT);

    struct timespec past = {1, 0}, never = {LONG_MAX, 0}, soon = in(30), now;
    FAILS(mq_timedreceive(queue, buffer, 8, NULL, &past), ETIMEDOUT);
    FAILS(mq_timedreceive(queue, buffer, 8, NULL, &soon), ETIMEDOUT);
    now = in(0);
    CHECK(now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec));
    CHECK(mq_timedsend(queue, "1", 1, 0, &past) == 0);
    CHECK(mq_timedsend(queue, "2", 1, 0, NULL) == 0);
    FAILS(mq_timedsend(queue, "3", 1, 0, &past), ETIMEDOUT);
    soon = in(30);
    FAILS(mq_timedsend(queue, "3", 1, 0, &soon), ETIMEDOUT);
    unsigned priority = 99;
    CHECK(mq_timedreceive(queue, buffer, 8, &priority, &past) == 1 && *buffer == '1');
    CHECK(priority == 0);
    CHECK(mq_timedreceive(queue, buffer, 8, NULL, &never) == 1 && *buffer == '2');
    CHECK(mq_timedsend(queue, "4", 1, 0, &never) == 0);
    CHECK(mq_timedreceive(queue, buffer, 8, NULL, NULL) == 1 && *buffer == '4');
    CHECK(mq_close(queue) == 0);
}

static void modes(void) {
    mqd_t queue = fresh(O_RDWR);
    char buffer[8];
    struct mq_attr nonblocking = {.mq_flags = O_NONBLOCK, .mq_maxmsg = 7}, plain = {0}, old;
    struct mq_attr strange = {.mq_flags = O_NONBLOCK | O_APPEND};
    struct timespec later = in(60000);
    FAILS(mq_setattr(queue, &strange, NULL), EINVAL);
    FAILS(mq_setattr(-1, &strange, NULL), EINVAL);
    FAILS(mq_setattr(queue, nowhere(), NULL), EFAULT);
    FAILS(mq_getattr(queue, nowhere()), EFAULT);
    CHECK(mq_send(queue, "", 0, 0) == 0);
    CHECK(mq_setattr(queue, &nonblocking, &old) == 0);
    CHECK(old.mq_flags == 0 && old.mq_maxmsg == 2 && old.mq_msgsize == 8 && old.mq_curmsgs == 1);
    CHECK(mq_receive(queue, buffer, 8, NULL) == 0);
    FAILS(mq_receive(queue, buffer, 8, NULL), EAGAIN);
    FAILS(mq_timedreceive(queue, buffer, 8, NULL, &later), EAGAIN);
    CHECK(mq_send(queue, "", 0, 0) == 0 && mq_send(queue, "", 0, 0) == 0);
    FAILS(mq_send(queue, "", 0, 0), EAGAIN);
    FAILS(mq_timedsend(queue, "", 0, 0, &later), EAGAIN);
    CHECK(mq_getattr(queue, &old) == 0);
    CHECK(old.mq_flags == O_NONBLOCK && old.mq_maxmsg == 2);
    CHECK(mq_setattr(queue, &plain, &old) == 0 && old.mq_flags == O_NONBLOCK);
    CHECK(mq_setattr(queue, &plain, NULL) == 0);
    CHECK(mq_getattr(queue, &old) == 0 && old.mq_flags == 0);
    CHECK(mq_close(queue) == 0);
}

static void ignore(int signal) { (void)signal; }

static void interruptions(void) {
    mqd_t queue = fresh(O_RDWR);
    char buffer[8];
    // Comes again and again: one that comes before the sleep interrupts nothing.
    struct itimerspec every = {{0, 5000000}, {0, 5000000}}, off = {0};
    struct sigevent alarm = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct sigaction action = {.sa_handler = ignore};
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &alarm, &timer) == 0);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(timer_settime(timer, 0, &every, NULL) == 0);
    struct timespec later = in(60000);
    FAILS(mq_receive(queue, buffer, 8, NULL), EINTR);
    FAILS(mq_timedreceive(queue, buffer, 8, NULL, &later), EINTR);
    CHECK(mq_send(queue, "", 0, 0) == 0 && mq_send(queue, "", 0, 0) == 0);
    FAILS(mq_send(queue, "", 0, 0), EINTR);
    FAILS(mq_timedsend(queue, "", 0, 0, &later), EINTR);
    action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    later = in(60);
    FAILS(mq_timedsend(queue, "", 0, 0, &later), ETIMEDOUT);
    CHECK(timer_settime(timer, 0, &off, NULL) == 0);
    CHECK(timer_delete(timer) == 0);
    CHECK(mq_close(queue) == 0);
}

static void *wait_for_message(void *queue) {
    char buffer[8];
    CHECK(mq_receive((mqd_t)(intptr_t)queue, buffer, 8, NULL) == 1 && *buffer == '!');
    return NULL;
}

static void threads(void) {
    mqd_t queue = fresh(O_RDWR);
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&thread[i], NULL, wait_for_message, (void *)(intptr_t)queue) == 0);
    CHECK(mq_send(queue, "!", 1, 0) == 0);
    CHECK(mq_send(queue, "!", 1, 0) == 0);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    CHECK(mq_close(queue) == 0);
}

// A number says nothing: what it stands for is what was opened last.
static void numbers(void) {
    char buffer[8];
    mqd_t queue = fresh(O_RDWR);
    CHECK(mq_send(queue, "old", 3, 0) == 0);
    CHECK(close(queue) == 0);
    FAILS(mq_send(queue, "", 0, 0), EBADF);
    mqd_t next = fresh(O_RDWR);
    CHECK(next == queue);
    CHECK(messages(next) == 0);
    CHECK(mq_send(next, "new", 3, 0) == 0);

    int copy = dup(next);
    CHECK(mq_receive(copy, buffer, 8, NULL) == 3 && memcmp(buffer, "new", 3) == 0);
    CHECK(mq_close(next) == 0);
    CHECK(mq_send(copy, "copy", 4, 0) == 0);

    // Closed and opened as another file, then as a queue that no mq_open returned.
    CHECK(close(copy) == 0);
    int number = open("/dev/null", O_RDWR);
    CHECK(number == queue);
    FAILS(mq_send(number, "", 0, 0), EBADF);
    for (long size = 4; size <= 16; size *= 2) {
        char message[16] = "sixteen bytes...", received[16];
        struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = size};
        mqd_t other = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
        CHECK(other >= 0 && mq_unlink(name) == 0);
        CHECK(dup2(other, number) == number);
        CHECK(mq_close(other) == 0);
        CHECK(mq_send(number, message, size, 0) == 0);
        CHECK(messages(number) == 1);
        CHECK(mq_receive(number, received, size, NULL) == size);
        CHECK(memcmp(message, received, size) == 0);
    }
    CHECK(mq_close(number) == 0);
    FAILS(mq_close(number), EBADF);
}

static void forks(void) {
    char buffer[8];
    mqd_t there = fresh(O_RDWR), back = fresh(O_RDWR);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(mq_receive(there, buffer, 8, NULL) == 4);
        CHECK(mq_send(back, buffer, 4, 1) == 0);
        CHECK(mq_close(there) == 0 && mq_close(back) == 0);
        _exit(0);
    }
    int status;
    unsigned priority;
    CHECK(mq_send(there, "ping", 4, 0) == 0);
    CHECK(mq_receive(back, buffer, 8, &priority) == 4 && priority == 1);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(mq_close(there) == 0 && mq_close(back) == 0);
}

static void notification_by_signal(void) {
    char buffer[8];
    int token;
    mqd_t queue = fresh(O_RDWR);
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct sigevent strange = {.sigev_notify = 77}, no_signal = event;
    struct sigevent silent = {.sigev_notify = SIGEV_NONE};
    event.sigev_value.sival_ptr = &token;
    no_signal.sigev_signo = 65;
    FAILS(mq_notify(queue, &strange), EINVAL);
    FAILS(mq_notify(queue, &no_signal), EINVAL);
    FAILS(mq_notify(-1, &strange), EINVAL);

    CHECK(mq_notify(queue, NULL) == 0);
    CHECK(mq_notify(queue, &event) == 0);
    FAILS(mq_notify(queue, &event), EBUSY);
    FAILS(mq_notify(queue, &silent), EBUSY);
    CHECK(mq_send(queue, "1", 1, 0) == 0);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1);
    CHECK(info.si_code == SI_MESGQ && info.si_value.sival_ptr == &token);
    CHECK(info.si_pid == getpid());

    // Once, and on an empty queue only.
    struct timespec no_time = {0};
    CHECK(mq_notify(queue, &event) == 0);
    CHECK(mq_send(queue, "2", 1, 0) == 0);
    FAILS(sigtimedwait(&set, &info, &no_time), EAGAIN);
    CHECK(mq_receive(queue, buffer, 8, NULL) == 1 && mq_receive(queue, buffer, 8, NULL) == 1);
    CHECK(mq_notify(queue, NULL) == 0);
    CHECK(mq_send(queue, "3", 1, 0) == 0);
    FAILS(sigtimedwait(&set, &info, &no_time), EAGAIN);
    CHECK(mq_receive(queue, buffer, 8, NULL) == 1);

    CHECK(mq_notify(queue, &silent) == 0);
    FAILS(mq_notify(queue, &event), EBUSY);
    CHECK(mq_send(queue, "4", 1, 0) == 0);
    CHECK(mq_notify(queue, &event) == 0);
    // Closing any descriptor of the queue ends it.
    CHECK(close(dup(queue)) == 0);
    CHECK(mq_notify(queue, &event) == 0);
    CHECK(mq_close(queue) == 0);
}

static sem_t told;
static void *told_value;
static pthread_t told_in;

static void tell(union sigval value) {
    told_value = value.sival_ptr;
    told_in = pthread_self();
    sem_post(&told);
    pthread_exit(NULL);
}

static void notification_by_thread(void) {
    int tokens[3];
    char buffer[8];
    mqd_t queue = fresh(O_RDWR);
    CHECK(sem_init(&told, 0, 0) == 0);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = tell};
    for (int i = 0; i < 3; i++) {
        event.sigev_value.sival_ptr = &tokens[i];
        CHECK(mq_notify(queue, &event) == 0);
        FAILS(mq_notify(queue, &event), EBUSY);
        CHECK(mq_send(queue, "1", 1, 0) == 0);
        CHECK(sem_wait(&told) == 0);
        CHECK(told_value == &tokens[i] && !pthread_equal(told_in, pthread_self()));
        CHECK(mq_receive(queue, buffer, 8, NULL) == 1);
    }
    CHECK(mq_notify(queue, &event) == 0);
    CHECK(mq_notify(queue, NULL) == 0);
    CHECK(mq_send(queue, "1", 1, 0) == 0);
    CHECK(mq_receive(queue, buffer, 8, NULL) == 1);
    // Whatever the cancelled one had set going would come before this one.
    event.sigev_value.sival_ptr = &tokens[0];
    CHECK(mq_notify(queue, &event) == 0);
    CHECK(mq_send(queue, "1", 1, 0) == 0);
    CHECK(sem_wait(&told) == 0);
    CHECK(told_value == &tokens[0]);
    CHECK(sem_trywait(&told) == -1);
    // Not told, but free again.
    CHECK(mq_receive(queue, buffer, 8, NULL) == 1);
    CHECK(mq_notify(queue, &event) == 0);
    CHECK(mq_close(queue) == 0);
}

int main(void) {
    alarm(60);
    snprintf(name, sizeof name, "/mq-interpose-%d", (int)getpid());
    names();
    opening();
    no_queues();
    passing();
    deadlines();
    modes();
    threads();
    numbers();
    forks();
    notification_by_signal();
    notification_by_thread();
    interruptions();
    return 0;
}

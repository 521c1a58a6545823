// The least that an extension of Python can do for the same answers: the system calls by their
// instruction, first as a try that keeps the GIL, and the objects that Python is given for them.
//
// It looks at no argument, explains no error, and threads must not share a queue: what it takes is a
// floor, not a goal.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../raw/call.h"

// A deadline that has passed: the kernel answers at once.
static const struct timespec NOW = {0, 0};
#define ROOM 8192
// From here on, to copy a message costs more than to allocate for one that may come.
#define LARGE 2048

struct queue {
    PyObject_HEAD
    int fd;
    unsigned priority;
    Py_ssize_t msgsize;
    int last_was_whole;
    PyTypeObject *message;
    PyObject *timed_out;
    char room[ROOM];
};

// Where the try has nothing to do it sleeps, without the GIL.
static inline long carry(struct queue *self, long number, const void *bytes, size_t size,
                         long priority) {
    long result = call(number, self->fd, bytes, size, priority, &NOW);
    if (__builtin_expect(result == -ETIMEDOUT, 0)) {
        Py_BEGIN_ALLOW_THREADS
        result = call(number, self->fd, bytes, size, priority, NULL);
        Py_END_ALLOW_THREADS
    }
    if (__builtin_expect(result < 0, 0)) {
        errno = (int)-result;
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return result;
}

static inline long give(struct queue *self, PyObject *bytes) {
    return carry(self, SYS_mq_timedsend, PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), 0);
}

static inline long take(struct queue *self, char *room) {
    return carry(self, SYS_mq_timedreceive, room, self->msgsize, (long)&self->priority);
}

// (data, priority), of the class that was named.
static inline PyObject *message_of(struct queue *self, long length) {
    PyObject *message = self->message->tp_alloc(self->message, 2);
    if (message == NULL)
        return NULL;
    PyObject *data = PyBytes_FromStringAndSize(self->room, length);
    PyObject *priority = PyLong_FromUnsignedLong(self->priority);
    PyTuple_SET_ITEM(message, 0, data);
    PyTuple_SET_ITEM(message, 1, priority);
    if (data == NULL || priority == NULL)
        Py_CLEAR(message);
    return message;
}

static PyObject *queue_send(PyObject *object, PyObject *bytes) {
    PyObject *length = PyLong_FromSsize_t(PyBytes_GET_SIZE(bytes));
    if (length != NULL && give((struct queue *)object, bytes) < 0)
        Py_CLEAR(length);
    return length;
}

static PyObject *queue_receive(PyObject *object, PyObject *Py_UNUSED(none)) {
    struct queue *self = (struct queue *)object;
    if (self->last_was_whole) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, self->msgsize);
        long length = bytes == NULL ? -1 : take(self, PyBytes_AS_STRING(bytes));
        self->last_was_whole = length == self->msgsize;
        if (length < 0)
            Py_CLEAR(bytes);
        else if (length < self->msgsize)
            _PyBytes_Resize(&bytes, length);
        return bytes;
    }
    long length = take(self, self->room);
    self->last_was_whole = length == self->msgsize && length >= LARGE;
    return length < 0 ? NULL : PyBytes_FromStringAndSize(self->room, length);
}

static PyObject *queue_send_message(PyObject *object, PyObject *bytes) {
    if (give((struct queue *)object, bytes) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *queue_receive_message(PyObject *object, PyObject *Py_UNUSED(none)) {
    struct queue *self = (struct queue *)object;
    long length = take(self, self->room);
    return length < 0 ? NULL : message_of(self, length);
}

static PyObject *queue_send_many(PyObject *object, PyObject *list) {
    Py_ssize_t count = PyList_GET_SIZE(list);
    for (Py_ssize_t i = 0; i < count; i++)
        if (give((struct queue *)object, PyList_GET_ITEM(list, i)) < 0)
            return NULL;
    return PyLong_FromSsize_t(count);
}

static PyObject *queue_receive_many(PyObject *object, PyObject *count) {
    struct queue *self = (struct queue *)object;
    Py_ssize_t wanted = PyLong_AsSsize_t(count);
    PyObject *list = PyList_New(wanted);
    for (Py_ssize_t i = 0; list != NULL && i < wanted; i++) {
        long length = take(self, self->room);
        PyObject *message = length < 0 ? NULL : message_of(self, length);
        if (message == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, message);
    }
    return list;
}

// For an empty queue: raises what it was told to raise.
static PyObject *queue_try_receive(PyObject *object, PyObject *Py_UNUSED(none)) {
    struct queue *self = (struct queue *)object;
    long result = call(SYS_mq_timedreceive, self->fd, self->room, self->msgsize,
                       (long)&self->priority, &NOW);
    if (result >= 0)
        return PyBytes_FromStringAndSize(self->room, result);
    PyErr_SetObject(PyExc_TimeoutError, self->timed_out);
    return NULL;
}

// (fd, msgsize, class of messages, arguments of TimeoutError)
static PyObject *queue_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(names)) {
    struct queue *self = (struct queue *)type->tp_alloc(type, 0);
    if (self != NULL && !PyArg_ParseTuple(arguments, "inO!O!", &self->fd, &self->msgsize,
                                          &PyType_Type, &self->message, &PyTuple_Type,
                                          &self->timed_out))
        Py_CLEAR(self);
    if (self != NULL && self->msgsize > ROOM) {
        PyErr_SetString(PyExc_ValueError, "no room for such messages");
        Py_CLEAR(self);
    }
    if (self != NULL) {
        // Never given back: a queue is there until the process ends.
        Py_INCREF(self->message);
        Py_INCREF(self->timed_out);
    }
    return (PyObject *)self;
}

static PyMethodDef METHODS[] = {
    {"send", queue_send, METH_O, NULL},
    {"receive", queue_receive, METH_NOARGS, NULL},
    {"send_message", queue_send_message, METH_O, NULL},
    {"receive_message", queue_receive_message, METH_NOARGS, NULL},
    {"send_many", queue_send_many, METH_O, NULL},
    {"receive_many", queue_receive_many, METH_O, NULL},
    {"try_receive", queue_try_receive, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject QUEUE = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "minimal.Queue",
    .tp_basicsize = sizeof(struct queue),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = METHODS,
    .tp_new = queue_new,
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "minimal", .m_size = -1};

PyMODINIT_FUNC PyInit_minimal(void) {
    PyObject *module = PyModule_Create(&MODULE);
    if (module != NULL && PyModule_AddType(module, &QUEUE) < 0)
        Py_CLEAR(module);
    return module;
}

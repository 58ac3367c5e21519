// The least that a supervisor can do, to compare with: a loop of vfork and exec that waits on pidfds.
//
//   floor plain|pipe FOLDER FIRST_PORT COUNT PROGRAM [ARGUMENT...]
//
// Starts COUNT times `PROGRAM PORT ARGUMENT...`, with the ports from FIRST_PORT on, and again at once whenever one
// ends. `plain`: they have its stdout. `pipe`: it reads the stdout and stderr of each from a pipe, 64 KiB at a time,
// and appends to FOLDER/PORT.log, which becomes FOLDER/PORT.log.1 (.2, ...) at 50 MB. SIGTERM and SIGINT send SIGTERM
// to all, and end it when all have ended. It has no status, no delay between restarts, no health checks, and allocates
// nothing for an event.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { rotate_at = 50000000, buffer_size = 65536, batch = 64 };
enum what { ended = 0, said = 1, told = 2 };

struct server {
  pid_t pid;
  int pidfd, read_end, write_end, log, rotated;
  long size;  // of the log
  char port[8];
};

static struct server* servers;
static const char* folder;
static char** command;
static int epoll, piped;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void watch(int descriptor, int index, enum what what) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)index << 2 | what};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) die("epoll_ctl");
}

static void open_log(struct server* server) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.log", folder, server->port);
  server->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (server->log < 0) die(path);
  server->size = 0;
}

static void launch(int index) {
  struct server* server = &servers[index];
  command[1] = server->port;
  pid_t pid = vfork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (piped) {
      dup2(server->write_end, 1);
      dup2(server->write_end, 2);
    }
    execv(command[0], command);
    _exit(127);
  }
  if (pid < 0) die("vfork");
  server->pid = pid;
  server->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (server->pidfd < 0) die("pidfd_open");
  watch(server->pidfd, index, ended);
}

static void prepare(int index, int port) {
  struct server* server = &servers[index];
  snprintf(server->port, sizeof server->port, "%d", port);
  if (!piped) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) die("pipe2");
  server->read_end = ends[0];
  server->write_end = ends[1];
  fcntl(server->read_end, F_SETFL, O_NONBLOCK);
  open_log(server);
  watch(server->read_end, index, said);
}

static int copy(struct server* server) {
  static char buffer[buffer_size];
  ssize_t size = read(server->read_end, buffer, sizeof buffer);
  if (size <= 0) return 0;
  for (ssize_t done = 0; done < size;) {
    ssize_t written = write(server->log, buffer + done, (size_t)(size - done));
    if (written < 0) die("write");
    done += written;
  }
  server->size += size;
  if (server->size >= rotate_at) {
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s/%s.log", folder, server->port);
    snprintf(to, sizeof to, "%s/%s.log.%d", folder, server->port, ++server->rotated);
    rename(from, to);
    close(server->log);
    open_log(server);
  }
  return 1;
}

int main(int count, char** arguments) {
  if (count < 6) return 2;
  piped = strcmp(arguments[1], "pipe") == 0;
  folder = arguments[2];
  int first_port = atoi(arguments[3]), size = atoi(arguments[4]), alive = size, stopping = 0;
  command = calloc((size_t)count, sizeof *command);
  servers = calloc((size_t)size, sizeof *servers);
  command[0] = arguments[5];
  for (int i = 6; i < count; ++i) command[i - 4] = arguments[i];

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int signalled = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (signalled < 0 || epoll < 0) die("epoll");
  watch(signalled, 0, told);
  for (int i = 0; i < size; ++i) {
    prepare(i, first_port + i);
    launch(i);
  }

  while (alive > 0) {
    struct epoll_event events[batch];
    int happened = epoll_wait(epoll, events, batch, -1);
    if (happened < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < happened; ++i) {
      int index = (int)(events[i].data.u64 >> 2);
      struct server* server = &servers[index];
      switch ((enum what)(events[i].data.u64 & 3)) {
        case said: copy(server); break;
        case ended:
          waitpid(server->pid, NULL, 0);
          close(server->pidfd);
          server->pid = 0;
          if (stopping)
            --alive;
          else
            launch(index);
          break;
        case told: {
          struct signalfd_siginfo info;
          while (read(signalled, &info, sizeof info) > 0) {
          }
          stopping = 1;
          for (int k = 0; k < size; ++k)
            if (servers[k].pid > 0) kill(servers[k].pid, SIGTERM);
        }
      }
    }
  }
  for (int i = 0; piped && i < size; ++i)
    while (copy(&servers[i])) {
    }
  return 0;
}

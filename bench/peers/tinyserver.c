// The server that every supervisor is given: it listens on 127.0.0.1, says so, accepts and closes, dies of SIGTERM.
//
//   tinyserver PORT FIFO [--notify FD] [flood BYTES | lines BYTES]
//   tinyserver                       does nothing: what starting and ending a static program costs
//
// PORT `-` is $PORT. Each thing that it has to say is one record in FIFO with the time at which it happened, so that
// what the measuring program does meanwhile changes nothing. `flood` and `lines` wait for the first connection and
// print BYTES in lines of 100 bytes, the first in writes of 64 KiB, the other in one write for each line, and then a
// last line; then it goes on listening. --notify writes a line feed to FD when it listens, which is how s6 wants to be
// told.

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum kind { listening = 1, printing = 2, printed = 3 };

struct record {
  uint32_t kind, port, pid, unused;
  uint64_t nanoseconds;  // CLOCK_MONOTONIC
};

static int fifo, listener;
static unsigned port;

static void tell(enum kind kind) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct record record = {kind, port, (uint32_t)getpid(), 0,
                          (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
  if (write(fifo, &record, sizeof record) != (ssize_t)sizeof record) _exit(4);
}

static void put(const char* text, size_t size) {
  while (size > 0) {
    ssize_t written = write(1, text, size);
    if (written <= 0) _exit(5);
    text += written;
    size -= (size_t)written;
  }
}

static void print(const char* way, unsigned long long bytes) {
  enum { line = 100, chunk = 65536 };
  static char text[chunk + line];
  for (size_t i = 0; i < sizeof text; ++i) text[i] = (char)(i % line == line - 1 ? '\n' : '0' + i % 10);
  close(accept(listener, NULL, NULL));
  tell(printing);
  if (strcmp(way, "lines") == 0) {
    for (unsigned long long left = bytes / line; left > 0; --left) put(text, line);
  } else {
    bytes -= bytes % line;
    for (unsigned long long done = 0; done < bytes;) {
      unsigned long long left = bytes - done;
      size_t size = left < chunk ? (size_t)left : chunk;
      put(text + done % line, size);  // goes on in the middle of a line, where the last write ended
      done += size;
    }
  }
  put("the very last line\n", 19);
  tell(printed);
}

int main(int count, char** arguments) {
  if (count == 1) return 0;
  if (count < 3) return 2;
  const char* number = strcmp(arguments[1], "-") == 0 ? getenv("PORT") : arguments[1];
  port = number == NULL ? 0 : (unsigned)atoi(number);
  fifo = open(arguments[2], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  int one = 1;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fifo < 0 || listener < 0) return 3;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 16) != 0) {
    fprintf(stderr, "tinyserver: port %u: address already in use\n", port);
    return 1;
  }
  tell(listening);
  for (int i = 3; i + 1 < count; i += 2) {
    if (strcmp(arguments[i], "--notify") == 0) {
      int notify = atoi(arguments[i + 1]);
      if (write(notify, "\n", 1) == 1) close(notify);
    } else {
      print(arguments[i], strtoull(arguments[i + 1], NULL, 10));
    }
  }
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection >= 0) close(connection);
  }
}

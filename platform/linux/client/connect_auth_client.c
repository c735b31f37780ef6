// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE  // struct ucred, explicit_bzero
#include "connect_auth_client.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char kOk[] = "ok";
static const char kError[] = "error ";
static const char kLength[] = "ok length=";

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits for `events` until `end`.
static int wait_for(int socket, short events, int64_t end) {
  for (;;) {
    const int64_t left = end - now_ms();
    struct pollfd wanted = {socket, events, 0};
    const int ready = left <= 0 ? 0 : poll(&wanted, 1, (int)left);
    if (ready > 0) {
      return 0;
    }
    if (ready == 0) {
      return -ETIMEDOUT;
    }
    if (errno != EINTR) {
      return -errno;
    }
  }
}

static int send_all(int socket, const char* text, size_t size, int64_t end) {
  while (size > 0) {
    const ssize_t sent = send(socket, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      text += sent;
      size -= (size_t)sent;
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) {
      return -errno;
    }
    const int result = wait_for(socket, POLLOUT, end);
    if (result != 0) {
      return result;
    }
  }
  return 0;
}

// Whoever listens must be root, this user, or the owner of a directory in which nobody else could
// put a socket.
static bool is_trusted(int socket, const char* path) {
  char directory[sizeof((struct sockaddr_un*)0)->sun_path] = ".";
  const char* const slash = strrchr(path, '/');
  if (slash != NULL) {
    (void)snprintf(directory, sizeof directory, "%.*s/", (int)(slash - path), path);
  }
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return false;
  }
  struct stat about;
  return peer.uid == 0 || peer.uid == geteuid() ||
         (stat(directory, &about) == 0 && peer.uid == about.st_uid &&
          (about.st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

int connect_auth_client_open(struct connect_auth_client* client, const char* socket_path,
                             int timeout_ms) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct stat about;
  client->socket = -1;
  client->timeout_ms = timeout_ms;
  if (strlen(socket_path) >= sizeof address.sun_path) {
    return -ENAMETOOLONG;
  }
  strcpy(address.sun_path, socket_path);
  if (lstat(socket_path, &about) != 0) {
    return -errno;
  }
  if (!S_ISSOCK(about.st_mode)) {
    return -ENOTSOCK;
  }
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) {
    return -errno;
  }
  // A service that is too busy to accept is waited for no longer than for its answers.
  const struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000L};
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int result = connect(made, (const struct sockaddr*)&address, sizeof address) == 0 ? 0 : -errno;
  if (result == -EAGAIN) {
    result = -ETIMEDOUT;
  }
  if (result == 0 && !is_trusted(made, socket_path)) {
    result = -EPERM;
  }
  if (result != 0) {
    close(made);
    return result;
  }
  client->socket = made;
  return 0;
}

void connect_auth_client_close(struct connect_auth_client* client) {
  if (client->socket >= 0) {
    close(client->socket);
    client->socket = -1;
  }
}

// Receives until `*filled` is at least `wanted`, or, where that is 0, until there is a line end.
static int receive(const struct connect_auth_client* client, char* into, size_t size,
                   size_t* filled, size_t wanted, int64_t end) {
  while (wanted == 0 ? memchr(into, '\n', *filled) == NULL : *filled < wanted) {
    if (*filled == size) {
      return -EMSGSIZE;
    }
    const int result = wait_for(client->socket, POLLIN, end);
    if (result != 0) {
      return result;
    }
    const ssize_t count = recv(client->socket, into + *filled, size - *filled, MSG_DONTWAIT);
    if (count == 0) {
      return -EPIPE;
    }
    if (count > 0) {
      *filled += (size_t)count;
    } else if (errno != EAGAIN && errno != EINTR) {
      return -errno;
    }
  }
  return 0;
}

// Leaves of the answer, which ends there, what begins at `begin` and has `count` octets. What was
// in front of it leaves nothing behind: it may be a piece of a token.
static void keep(char* answer, const char* begin, size_t count) {
  const size_t dropped = (size_t)(begin - answer);
  memmove(answer, begin, count);
  answer[count] = '\0';
  explicit_bzero(answer + count + 1, dropped);
}

static int take_text(const struct connect_auth_client* client, char* answer, size_t size,
                     size_t filled, int64_t end) {
  const char* const digits = answer + strlen(kLength);
  if (!isdigit((unsigned char)*digits)) {
    return -EPROTO;  // strtoull would look for a number beyond the line.
  }
  const unsigned long long announced = strtoull(digits, NULL, 10);
  const size_t head = (size_t)((char*)memchr(answer, '\n', filled) - answer) + 1;
  if (announced >= size - head) {
    return -EMSGSIZE;
  }
  const int result = receive(client, answer, size, &filled, head + (size_t)announced, end);
  if (result == 0) {
    keep(answer, answer + head, (size_t)announced);
  }
  return result;
}

int connect_auth_client_ask(struct connect_auth_client* client, const char* query, char* answer,
                            size_t size) {
  const int64_t end = now_ms() + client->timeout_ms;
  size_t filled = 0;
  if (strchr(query, '\n') != NULL) {
    return -EINVAL;
  }
  int result = send_all(client->socket, query, strlen(query), end);
  if (result == 0) {
    result = send_all(client->socket, "\n", 1, end);
  }
  // A service that has hung up may have said why.
  if (result == 0 || result == -EPIPE) {
    result = receive(client, answer, size, &filled, 0, end);
  }
  if (result != 0) {
    return result;
  }
  char* const line_end = memchr(answer, '\n', filled);
  if (strncmp(answer, kLength, strlen(kLength)) == 0) {
    return take_text(client, answer, size, filled, end);
  }
  *line_end = '\0';
  if (strncmp(answer, kError, strlen(kError)) == 0) {
    char* words = NULL;
    const long code = strtol(answer + strlen(kError), &words, 10);
    if (code < 1 || code > 8 || *words != ' ') {
      return -EPROTO;
    }
    keep(answer, words + 1, strlen(words + 1));
    return (int)code;
  }
  if (strncmp(answer, kOk, strlen(kOk)) != 0) {
    return -EPROTO;
  }
  const char* const fields = answer + strlen(kOk);
  keep(answer, *fields == ' ' ? fields + 1 : fields, strlen(*fields == ' ' ? fields + 1 : fields));
  return 0;
}

// What stands behind `mark` in `fields`, or NULL.
static const char* behind(const char* fields, const char* mark) {
  const char* const found = strstr(fields, mark);
  return found == NULL ? NULL : found + strlen(mark);
}

int connect_auth_client_get_token(struct connect_auth_client* client, unsigned min_valid_s,
                                  struct connect_auth_client_token* into) {
  char query[48];
  (void)snprintf(query, sizeof query, "token min_valid=%u", min_valid_s);
  const int result = connect_auth_client_ask(client, query, into->text, into->size);
  if (result != 0) {
    return result;
  }
  const char* const generation = behind(into->text, "generation=");
  const char* const life = behind(into->text, " expires_in=");
  const char* const token = behind(into->text, " token=");
  if (generation == NULL || life == NULL || token == NULL) {
    return -EPROTO;
  }
  into->generation = (uint32_t)strtoul(generation, NULL, 10);
  into->expires_in = strncmp(life, "unknown", 7) == 0 ? -1 : strtoll(life, NULL, 10);
  keep(into->text, token, strlen(token));
  return 0;
}

int connect_auth_client_reject(struct connect_auth_client* client, uint32_t generation) {
  char query[32];
  char answer[256];
  (void)snprintf(query, sizeof query, "reject %" PRIu32, generation);
  return connect_auth_client_ask(client, query, answer, sizeof answer);
}

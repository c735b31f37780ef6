// SPDX-License-Identifier: Apache-2.0
//
// The whole agent in a program of C: fetches a token.
// usage: CLIENT_SECRET=... PASSWORD=... program URL CA-FILE

#define _GNU_SOURCE  // getentropy, CLOCK_BOOTTIME
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/c_api.h"

static struct connect_auth_agent agent;
static uint8_t arena[64 * 1024], io[4096], token[1024], authorities[16 * 1024];
static int open_socket = -1;  // the connection; -1: none

static int64_t now(void* unused) {
  struct timespec at;
  clock_gettime(CLOCK_BOOTTIME, &at);
  return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static connect_auth_status wall_time(void* unused, int64_t* seconds) {
  *seconds = time(NULL);
  return CONNECT_AUTH_OK;
}

static connect_auth_status fill(void* unused, uint8_t* into, size_t size) {
  return getentropy(into, size) == 0 ? CONNECT_AUTH_OK : CONNECT_AUTH_UNAVAILABLE;
}

// A product tries all addresses, and resolves names without waiting: platform/posix does.
static connect_auth_status connect_to(void* unused, const char* host, size_t size, uint16_t port) {
  int error = 0, late = 0;
  if (open_socket < 0) {
    char name[254], service[6];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    snprintf(name, sizeof name, "%.*s", (int)size, host);
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(name, service, &hints, &found) != 0) {
      return CONNECT_AUTH_UNAVAILABLE;
    }
    open_socket = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int begun = connect(open_socket, found->ai_addr, found->ai_addrlen);
    error = begun == 0 || errno == EINPROGRESS ? 0 : errno;
    freeaddrinfo(found);
  }
  if (error == 0 && poll(&(struct pollfd){open_socket, POLLOUT, 0}, 1, 0) <= 0) {
    return CONNECT_AUTH_PENDING;
  }
  getsockopt(open_socket, SOL_SOCKET, SO_ERROR, &late, &(socklen_t){sizeof late});
  return error == 0 && late == 0 ? CONNECT_AUTH_OK : CONNECT_AUTH_UNAVAILABLE;
}

static connect_auth_count outcome(ssize_t count) {
  const int failed = errno == EAGAIN ? -CONNECT_AUTH_PENDING : -CONNECT_AUTH_UNAVAILABLE;
  return count > 0 ? (connect_auth_count)count : count == 0 ? -CONNECT_AUTH_CLOSED : failed;
}
static connect_auth_count send_to(void* unused, const uint8_t* data, size_t size) {
  return outcome(send(open_socket, data, size, MSG_NOSIGNAL));
}
static connect_auth_count receive(void* unused, uint8_t* into, size_t size) {
  return outcome(recv(open_socket, into, size, 0));
}
static void hang_up(void* unused) {
  close(open_socket);
  open_socket = -1;
}

static void sleep_until_ready(void) {
  static const short events[] = {0, POLLOUT, POLLIN, POLLOUT, POLLIN | POLLOUT};
  const struct connect_auth_wants wants = connect_auth_agent_wants(&agent);
  const int64_t left = wants.until > now(NULL) ? wants.until - now(NULL) : 0;
  poll(&(struct pollfd){open_socket, events[wants.interest], 0},
       wants.interest != CONNECT_AUTH_WANTS_NOTHING, left > 1000 ? 1000 : (int)left);
}

int main(int argc, char** argv) {
  FILE* const file = argc == 3 ? fopen(argv[2], "r") : NULL;
  if (file == NULL) {
    return 2;
  }
  const struct connect_auth_clock clock = {.now = now, .wall_time = wall_time};
  const struct connect_auth_entropy entropy = {.fill = fill};
  const struct connect_auth_connection net = {NULL, connect_to, send_to, receive, hang_up};
  const struct connect_auth_ports ports = {&clock, &net, &entropy, NULL, &connect_auth_no_storage};
  const struct connect_auth_memory memory = {arena,        sizeof arena, io, sizeof io, token,
                                             sizeof token, NULL,         0,  NULL,      0};
  struct connect_auth_settings settings = connect_auth_default_settings;
  settings.url = argv[1];
  settings.authorities = authorities;
  settings.authorities_size = fread(authorities, 1, sizeof authorities - 1, file) + 1;
  settings.client_id = "Application1";
  settings.client_secret = getenv("CLIENT_SECRET");
  settings.username = "Administrator";
  settings.password = getenv("PASSWORD");
  connect_auth_agent_create(&agent, &ports, &memory);
  connect_auth_status status = connect_auth_agent_start(&agent, &settings);
  if (status == CONNECT_AUTH_OK) {
    status = connect_auth_agent_request_token(&agent, 60000);
  }
  while (status == CONNECT_AUTH_PENDING) {
    sleep_until_ready();
    status = connect_auth_agent_poll(&agent);
  }
  if (status == CONNECT_AUTH_OK) {
    printf("a token of %zu characters\n", connect_auth_agent_token(&agent).size);
  } else {
    fprintf(stderr, "reason %d\n", connect_auth_agent_last_failure(&agent).reason);
  }
  connect_auth_agent_destroy(&agent);
  return status == CONNECT_AUTH_OK ? 0 : 1;
}

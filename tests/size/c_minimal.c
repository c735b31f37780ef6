// SPDX-License-Identifier: Apache-2.0
//
// minimal.cc from C: the same calls, through agent/c_api.h. What it is larger by is what that layer
// costs.

#include "agent/c_api.h"

static int64_t now(void* context) {
  (void)context;
  return 0;
}

static connect_auth_status connect_to(void* context, const char* host, size_t size, uint16_t port) {
  (void)context, (void)host, (void)size, (void)port;
  return CONNECT_AUTH_UNAVAILABLE;
}

static connect_auth_count send_to(void* context, const uint8_t* data, size_t size) {
  (void)context, (void)data, (void)size;
  return -CONNECT_AUTH_FAILED_PRECONDITION;
}

static connect_auth_count receive(void* context, uint8_t* into, size_t size) {
  (void)context, (void)into, (void)size;
  return -CONNECT_AUTH_FAILED_PRECONDITION;
}

static void hang_up(void* context) {
  (void)context;
}

static connect_auth_status fill(void* context, uint8_t* into, size_t size) {
  (void)context, (void)into, (void)size;
  return CONNECT_AUTH_UNAVAILABLE;
}

static connect_auth_status read_flash(void* context, uint32_t address, uint8_t* into, size_t size) {
  (void)context, (void)address, (void)into, (void)size;
  return CONNECT_AUTH_UNAVAILABLE;
}

static connect_auth_status program(void* context, uint32_t address, const uint8_t* data,
                                   size_t size) {
  (void)context, (void)address, (void)data, (void)size;
  return CONNECT_AUTH_UNAVAILABLE;
}

static connect_auth_status erase(void* context, uint32_t block) {
  (void)context, (void)block;
  return CONNECT_AUTH_UNAVAILABLE;
}

static const struct connect_auth_clock the_clock = {.now = now};
static const struct connect_auth_connection connection = {NULL, connect_to, send_to, receive,
                                                          hang_up};
static const struct connect_auth_entropy entropy = {NULL, fill};
static const struct connect_auth_flash flash = {NULL, 4096, 8, 1, true, read_flash, program, erase};
static struct connect_auth_ring ring;
static struct connect_auth_agent agent;
static uint8_t tls_arena[30 * 1024];
static uint8_t io[4096];
static uint8_t token[1024];
static uint8_t refresh_token[512];
static uint8_t tls_session[640];

/// Touches everything, so that the linker throws away only what no use of the agent needs.
static connect_auth_status use_agent(const struct connect_auth_settings* settings,
                                     const struct connect_auth_api_request* request) {
  static const struct connect_auth_memory memory = {
      tls_arena,     sizeof tls_arena,     io,          sizeof io,         token, sizeof token,
      refresh_token, sizeof refresh_token, tls_session, sizeof tls_session};
  static const struct connect_auth_ports ports = {&the_clock, &connection, &entropy, &ring, NULL};
  connect_auth_ring_create(&ring, &flash);
  connect_auth_agent_create(&agent, &ports, &memory);
  connect_auth_status status = connect_auth_agent_start(&agent, settings);
  if (status == CONNECT_AUTH_OK) {
    status = connect_auth_agent_await_token(&agent, 60000, INT64_MAX);
  }
  if (status == CONNECT_AUTH_OK) {
    status = connect_auth_agent_request_api(&agent, request);
  }
  while (status == CONNECT_AUTH_PENDING &&
         connect_auth_agent_wants(&agent).interest != CONNECT_AUTH_WANTS_NOTHING) {
    status = connect_auth_agent_poll(&agent);
  }
  connect_auth_agent_reject_token(&agent, connect_auth_agent_token_generation(&agent));
  if (status == CONNECT_AUTH_NEEDS_CODE ||
      connect_auth_agent_request_renewal(&agent) == CONNECT_AUTH_NEEDS_CODE) {
    status = connect_auth_agent_change_settings(&agent, settings);
  }
  if (status == CONNECT_AUTH_REJECTED) {
    status = connect_auth_agent_forget_refusal(&agent);
  }
  if (status == CONNECT_AUTH_OK) {
    status = connect_auth_agent_idle(&agent);
  }
  return connect_auth_agent_take_body(&agent).size == 0 ? status
                                                        : connect_auth_agent_forget(&agent);
}

// Not known before it runs: a compiler would use what it knows.
const struct connect_auth_settings* volatile the_settings;
const struct connect_auth_api_request* volatile the_request;

int main(void) {
  return use_agent(the_settings, the_request);
}

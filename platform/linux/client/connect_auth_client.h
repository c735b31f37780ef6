/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// clang-format off
/* Asks the service `connect-auth daemon` for tokens. C11, no dependencies, no allocation, no state but
 * the caller's. A connection is used by one thread at a time; any number of connections may be open.
 *
 * Results: 0, done. 1 to 8, what the service answered: the exit code of the program connect-auth for
 * the same trouble, and in words in the answer. Below 0, a negative errno:
 *
 *   -ENOENT, -ECONNREFUSED  no service listens there
 *   -EACCES                 the socket's mode keeps this user out
 *   -EPERM                  whoever listens there is neither root, nor this user, nor the owner of a
 *                           directory in which only he may write
 *   -ENOTSOCK               something else lies there, such as a symbolic link
 *   -ENAMETOOLONG           a path of more than 107 characters
 *   -EINVAL                 a query of more than one line
 *   -ETIMEDOUT              no answer came in time
 *   -EMSGSIZE               the room for the answer does not suffice
 *   -EPROTO                 the answer makes no sense
 *   -EPIPE, -ECONNRESET     the service closed the connection: open another one
 *
 * After a result below 0 a connection can only be closed. */
// clang-format on

/* Where the service listens if nobody says otherwise and it runs as root. */
#define CONNECT_AUTH_CLIENT_SOCKET "/run/connect-auth/socket"

// NOLINTNEXTLINE(readability-identifier-naming): names of C
struct connect_auth_client {
  int socket;
  int timeout_ms;
};

// NOLINTNEXTLINE(readability-identifier-naming): names of C
struct connect_auth_client_token {
  char* text;  /* Room for the token and a NUL, the caller's; SOTI's sample has 891 characters. */
  size_t size; /* Of that room. */
  uint32_t generation; /* For connect_auth_client_reject(). */
  int64_t expires_in;  /* Seconds that it lives on; -1: nobody knows. */
};

/* Connects. timeout_ms counts for each call; it should be longer than the service's [limits]
 * timeout. */
int connect_auth_client_open(struct connect_auth_client* client, const char* socket_path,
                             int timeout_ms);

void connect_auth_client_close(struct connect_auth_client* client);

/* Gets a token that lives for min_valid_s more; the service asks the server for one if it has to.
 * With a result above 0 the reason in words is where the token would be. The caller wipes the
 * token. */
int connect_auth_client_get_token(struct connect_auth_client* client, unsigned min_valid_s,
                                  struct connect_auth_client_token* into);

/* Says that the API answered 401 to the token of that generation. */
int connect_auth_client_reject(struct connect_auth_client* client, uint32_t generation);

/* Asks anything: a line of the protocol without its end. The answer is what stands behind "ok " or
 * "error N ", or the whole text that was announced; it ends with a NUL. */
int connect_auth_client_ask(struct connect_auth_client* client, const char* query, char* answer,
                            size_t size);

#ifdef __cplusplus
}
#endif

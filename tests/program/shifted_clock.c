// SPDX-License-Identifier: Apache-2.0
//
// Loaded before the C library (LD_PRELOAD), it sets a program's clocks forward or back: nobody
// waits for hours in a test. The environment says by how much, in seconds:
//   CONNECT_AUTH_TEST_LATER  CLOCK_BOOTTIME and CLOCK_REALTIME
//   CONNECT_AUTH_TEST_WALL   where CLOCK_REALTIME begins instead, as of 1970
//   CONNECT_AUTH_TEST_STEP   a file that holds by how much CLOCK_REALTIME is wrong at the moment
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Where SYS_clock_gettime has seconds of 32 bits, there is another call beside it.
#ifdef SYS_clock_gettime64
#define SYSTEM_CALL SYS_clock_gettime64
#else
#define SYSTEM_CALL SYS_clock_gettime
#endif

static long long Given(const char* name) {
  const char* const text = getenv(name);
  return text == NULL ? 0 : strtoll(text, NULL, 10);
}

static long long Read(const char* path) {
  long long seconds = 0;
  FILE* const file = path == NULL ? NULL : fopen(path, "re");
  if (file != NULL) {
    if (fscanf(file, "%lld", &seconds) != 1) {
      seconds = 0;
    }
    fclose(file);
  }
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const long result = syscall(SYSTEM_CALL, clock, now);
  if (result == 0 && clock == CLOCK_REALTIME && getenv("CONNECT_AUTH_TEST_WALL") != NULL) {
    now->tv_sec = (time_t)Given("CONNECT_AUTH_TEST_WALL");
  }
  if (result == 0 && clock == CLOCK_REALTIME) {
    now->tv_sec += (time_t)Read(getenv("CONNECT_AUTH_TEST_STEP"));
  }
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME)) {
    now->tv_sec += (time_t)Given("CONNECT_AUTH_TEST_LATER");
  }
  return (int)result;
}

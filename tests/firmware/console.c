/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CMocka and its tests need of a C library and have no board for: standard output on the
 * console, and the end of a process. In C, because picolibc's initializers are.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

void connect_auth_console_put(char octet);
void connect_auth_console_exit(int status);

static int put(char octet, FILE* file) {
  (void)file;
  connect_auth_console_put(octet);
  return (unsigned char)octet;
}

static FILE console = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE* const stdin = &console;
FILE* const stdout = &console;
FILE* const stderr = &console;

void _exit(int status) {
  connect_auth_console_exit(status);
  for (;;) {
  }
}

/* There are no files, and no other processes. */
static int unsupported(void) {
  errno = ENOSYS;
  return -1;
}

int open(const char* name, int flags, ...) {
  (void)name;
  (void)flags;
  return unsupported();
}

int close(int file) {
  (void)file;
  return unsupported();
}

ssize_t read(int file, void* into, size_t size) {
  (void)file;
  (void)into;
  (void)size;
  return unsupported();
}

ssize_t write(int file, const void* data, size_t size) {
  (void)file;
  (void)data;
  (void)size;
  return unsupported();
}

off_t lseek(int file, off_t offset, int whence) {
  (void)file;
  (void)offset;
  (void)whence;
  return unsupported();
}

int kill(pid_t process, int number) {
  (void)process;
  (void)number;
  return unsupported();
}

pid_t getpid(void) {
  return 1;
}

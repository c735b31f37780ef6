/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and writes its peak resident memory in KiB and its wall time in microseconds to a
 * file.
 *
 * usage: measure RESULT COMMAND [ARGUMENT...]
 *
 * Why a program: Linux carries the peak of whoever forks over into the child, exec or not, so a
 * small child of a Python process seems as large as Python. This parent is smaller than anything
 * that it measures.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char** arguments) {
  struct timespec began, ended;
  struct rusage usage;
  int status = 0;
  if (count < 3) {
    return 125;
  }
  clock_gettime(CLOCK_MONOTONIC, &began);
  const pid_t child = fork();
  if (child == 0) {
    execvp(arguments[2], arguments + 2);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    return 126;
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  FILE* const result = fopen(arguments[1], "w");
  if (result == NULL) {
    return 126;
  }
  fprintf(result, "%ld %lld\n", usage.ru_maxrss,
          (ended.tv_sec - began.tv_sec) * 1000000LL + (ended.tv_nsec - began.tv_nsec) / 1000);
  fclose(result);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}

// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

char* make(void) {
  char* const made = malloc(4);
  made[0] = 'a';
  return made;
}

// SPDX-License-Identifier: Apache-2.0

namespace connect_auth {

class thing {
 public:
  int doIt(int Times) { return Times == 0 ? member : doIt(Times - 1); }

 private:
  int member = 0;
};

int Use() {
  thing it;
  int times;
  times = 3;
  return it.doIt(times);
}

}  // namespace connect_auth

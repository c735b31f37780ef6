#include <array>
#include <string_view>
#include <span>
#include <algorithm>
#include <cstring>
int main(){ std::array<int,3> a{1,2,3}; std::string_view s("x"); return a[s.size()]+(int)strlen("a"); }

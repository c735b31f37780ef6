// SPDX-License-Identifier: Apache-2.0
#include "tests/fleet/picture.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "tests/fleet/simulation.h"

namespace connect_auth::fleet {
namespace {

constexpr int kWidth = 900;
constexpr int kLeft = 80;
constexpr int kRight = 880;
constexpr int kTop = 60;  // of the first panel
constexpr int kHeight = 260;
constexpr int kPitch = 340;
constexpr int kSecondsPerPoint = 6;  // A point is the fullest of so many seconds.
constexpr int kSecondsPerTick = 600;

std::string Format(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

int Seconds(Instant at) {
  return static_cast<int>(at.millis / 1000);
}

int X(int second) {
  return kLeft + (kRight - kLeft) * second / Seconds(kEnd);
}

/// Of one panel.
class Axes {
 public:
  Axes(int top, std::uint32_t devices) : top_(top), decades_(std::log10(devices)) {}

  int Y(double requests) const {
    const double share = std::log10(std::max(requests, 1.0)) / decades_;
    return top_ + kHeight - static_cast<int>(std::lround(kHeight * std::min(share, 1.0)));
  }
  int top() const { return top_; }
  int bottom() const { return top_ + kHeight; }
  int decades() const { return static_cast<int>(decades_); }

 private:
  int top_;
  double decades_;
};

std::string Frame(const Axes& axes, std::string_view title) {
  const int gone = X(Seconds(kGone));
  const int back = X(Seconds(kBack));
  std::string svg = Format("<rect x='%d' y='%d' width='%d' height='%d' fill='#f3e3e3'/>\n", gone,
                           axes.top(), back - gone, kHeight);
  svg += Format("<text x='%d' y='%d' class='title'>%.*s</text>\n", kLeft, axes.top() - 10,
                static_cast<int>(title.size()), title.data());
  double requests = 1;
  for (int decade = 0; decade <= axes.decades(); ++decade, requests *= 10) {
    const int y = axes.Y(requests);
    svg += Format(
        "<path d='M%d %dH%d' class='grid'/><text x='%d' y='%d' text-anchor='end'>%.0f</text>\n",
        kLeft, y, kRight, kLeft - 8, y + 4, requests);
  }
  for (int second = 0; second <= Seconds(kEnd); second += kSecondsPerTick) {
    svg += Format(
        "<path d='M%d %dv5' class='axis'/><text x='%d' y='%d' text-anchor='middle'>%d</text>\n",
        X(second), axes.bottom(), X(second), axes.bottom() + 19, (second - Seconds(kBack)) / 60);
  }
  return svg + Format("<rect x='%d' y='%d' width='%d' height='%d' class='axis'/>\n", kLeft,
                      axes.top(), kRight - kLeft, kHeight);
}

std::string Line(const Axes& axes, const Curve& curve) {
  const std::vector<std::uint32_t>& attempts = *curve.attempts;
  std::string svg = Format("<path fill='none' stroke='%.*s' stroke-width='%.1f' d='",
                           static_cast<int>(curve.colour.size()), curve.colour.data(), curve.width);
  int drawn = -1;
  int height = -1;
  for (std::size_t second = 0; second < attempts.size(); second += kSecondsPerPoint) {
    const auto from = attempts.begin() + static_cast<std::ptrdiff_t>(second);
    const int y = axes.Y(*std::max_element(from, from + kSecondsPerPoint));
    const int x = X(static_cast<int>(second));
    if (y != height) {
      svg += height < 0   ? Format("M%d %d", x, y)
             : x == drawn ? Format("V%d", y)
                          : Format("H%dV%d", x, y);
      height = y;
      drawn = x;
    }
  }
  return svg + Format("H%d'/>\n", kRight);
}

std::string Limit(const Axes& axes, std::uint32_t devices) {
  const double limit = devices / (static_cast<double>(kCap.count) / 1000);
  const int y = axes.Y(limit);
  return Format(
      "<path d='M%d %dH%d' class='limit'/>"
      "<text x='%d' y='%d' class='small' text-anchor='end'>devices / 300 s = %.0f</text>\n",
      kLeft, y, kRight, kRight - 6, y - 5, limit);
}

/// In front of the curves, which may be dense.
std::string Away(const Axes& axes) {
  return Format("<text x='%d' y='%d' class='small' text-anchor='middle'>server away</text>\n",
                (X(Seconds(kGone)) + X(Seconds(kBack))) / 2, axes.bottom() - 8);
}

std::string Legend(const std::vector<Curve>& curves) {
  std::string svg;
  int x = kLeft;
  for (const Curve& curve : curves) {
    svg += Format(
        "<path d='M%d 22h26' stroke='%.*s' stroke-width='3'/><text x='%d' y='26'>%.*s</text>\n", x,
        static_cast<int>(curve.colour.size()), curve.colour.data(), x + 33,
        static_cast<int>(curve.name.size()), curve.name.data());
    x += 60 + 8 * static_cast<int>(curve.name.size());
  }
  return svg;
}

}  // namespace

std::string Draw(const std::vector<Panel>& panels, std::uint32_t devices) {
  const int height = kTop + kPitch * static_cast<int>(panels.size()) - 40;
  std::string svg = Format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' "
      "font-size='13'>\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n<style>.grid{stroke:#ddd}"
      ".axis{stroke:#333;fill:none}.limit{stroke:#333;stroke-dasharray:6 4}.small{font-size:12px}"
      ".title{font-size:15px;font-weight:bold}</style>\n"
      "<rect width='%d' height='%d' fill='#fff'/>\n",
      kWidth, height, kWidth, height);
  svg += Legend(panels.front().curves);
  int top = kTop;
  for (const Panel& panel : panels) {
    const Axes axes(top, devices);
    svg += Frame(axes, panel.title);
    std::for_each(panel.curves.rbegin(), panel.curves.rend(),
                  [&](const Curve& curve) { svg += Line(axes, curve); });
    svg += Limit(axes, devices);
    svg += Away(axes);
    svg += Format(
        "<text transform='translate(18 %d) rotate(-90)' text-anchor='middle'>requests a second"
        "</text>\n",
        (axes.top() + axes.bottom()) / 2);
    svg +=
        Format("<text x='%d' y='%d' text-anchor='middle'>minutes since the server is back</text>\n",
               (kLeft + kRight) / 2, axes.bottom() + 38);
    top += kPitch;
  }
  return svg + "</svg>\n";
}

}  // namespace connect_auth::fleet

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace connect_auth::fleet {

struct Curve {
  std::string_view name;
  std::string_view colour;
  double width;                                ///< Of the line.
  const std::vector<std::uint32_t>* attempts;  ///< In each second.
};

struct Panel {
  std::string_view title;
  std::vector<Curve> curves;  ///< The first lies on top.
};

/// Draws requests a second over time, the panels one above the other.
///
/// @param devices  How many: the axes reach up to that many requests, and the limit is drawn.
/// @return an SVG file
std::string Draw(const std::vector<Panel>& panels, std::uint32_t devices);

}  // namespace connect_auth::fleet

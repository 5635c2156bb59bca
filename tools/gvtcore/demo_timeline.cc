// The drawing has a lane an engine of a vGPU. A bar is a workload: pale while it waits for its
// engine, full from its first command to its interrupt.
//
// Source of the trace's form: "Trace Event Format", complete events (ph X), metadata (ph M).
#include "tools/gvtcore/demo_timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "hw/platform.h"
#include "tools/gvtcore/demo_report.h"

namespace gvt::tools {
namespace {

constexpr double kDrawingWidth = 1400;
constexpr double kLabelWidth = 250;
constexpr double kLaneHeight = 22;
constexpr double kTop = 34;
constexpr const char* kColours[] = {"#2b6cb0", "#2f855a", "#b7791f", "#6b46c1",
                                    "#c05621", "#2c7a7b", "#97266d", "#4a5568"};
constexpr const char* kHostileColour = "#c53030";

// Text of captures' names within HTML.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// A vGPU by its number; the hostile one is behind the others.
std::string NameOf(const DemoResult& result, size_t vgpu) {
  return vgpu < result.vgpus.size() ? result.vgpus[vgpu].name : "hostile";
}
const std::vector<DemoEvent>& EventsOf(const DemoResult& result, size_t vgpu) {
  return vgpu < result.vgpus.size() ? result.vgpus[vgpu].events : result.hostile_events;
}
std::string WorkOf(const DemoResult& result, size_t vgpu, const DemoEvent& event) {
  if (vgpu < result.vgpus.size()) return fmt::format("workload {}", event.workload);
  return event.workload < result.attacks.size() ? result.attacks[event.workload].name : "";
}
const char* ColourOf(const DemoResult& result, size_t vgpu) {
  return vgpu < result.vgpus.size() ? kColours[vgpu % std::size(kColours)] : kHostileColour;
}

struct Bar {
  size_t vgpu = 0;
  DemoEvent event;
};

struct Window {
  uint64_t begin_ns = 0;
  uint64_t end_ns = 0;
  std::vector<Bar> bars;
};

// As long as the bars allow, from the middle on.
Window MiddleOf(const DemoResult& result) {
  std::vector<Bar> all;
  for (size_t i = 0; i <= result.vgpus.size(); ++i) {
    for (const DemoEvent& event : EventsOf(result, i)) all.push_back({i, event});
  }
  if (all.empty()) return {};
  std::sort(all.begin(), all.end(),
            [](const Bar& a, const Bar& b) { return a.event.submitted_ns < b.event.submitted_ns; });
  const size_t count = std::min(all.size(), kTimelineBars);
  const auto first = all.begin() + static_cast<ptrdiff_t>((all.size() - count) / 2);
  Window window;
  window.bars.assign(first, first + static_cast<ptrdiff_t>(count));
  window.begin_ns = window.bars.front().event.submitted_ns;
  for (const Bar& bar : window.bars) {
    window.end_ns = std::max(window.end_ns, bar.event.interrupted_ns);
  }
  return window;
}

using Lane = std::pair<size_t, hw::Engine>;

std::map<Lane, double> LanesOf(const Window& window) {
  std::map<Lane, double> lanes;
  for (const Bar& bar : window.bars) lanes[{bar.vgpu, bar.event.engine}] = 0;
  double y = kTop;
  for (auto& [lane, at] : lanes) {
    at = y;
    y += kLaneHeight;
  }
  return lanes;
}

std::string Axis(const Window& window, double height, double scale) {
  constexpr int kTicks = 10;
  std::string out;
  const double length = static_cast<double>(window.end_ns - window.begin_ns);
  for (int i = 0; i <= kTicks; ++i) {
    const double ns = length * i / kTicks;
    const double x = kLabelWidth + ns * scale;
    out += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"24\" x2=\"{0:.1f}\" y2=\"{1:.1f}\" stroke=\"#e2e8f0\"/>"
        "<text x=\"{0:.1f}\" y=\"18\" text-anchor=\"middle\">{2:.2f} ms</text>\n",
        x, height, ns / 1e6);
  }
  return out;
}

std::string BarSvg(const DemoResult& result, const Bar& bar, const Window& window, double y,
                   double scale) {
  const auto x = [&](uint64_t ns) {
    return kLabelWidth + static_cast<double>(ns - std::min(ns, window.begin_ns)) * scale;
  };
  const DemoEvent& event = bar.event;
  const uint64_t runs = std::clamp(event.dispatched_ns, event.submitted_ns, event.interrupted_ns);
  const char* colour = ColourOf(result, bar.vgpu);
  const auto rectangle = [&](uint64_t begin, uint64_t end, const char* opacity) {
    return fmt::format(
        "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" "
        "fill=\"{}\" fill-opacity=\"{}\"/>",
        x(begin), y + 3, std::max(0.4, x(end) - x(begin)), kLaneHeight - 6, colour, opacity);
  };
  return fmt::format("<g><title>{}, {}: waited {:.1f} us, ran {:.1f} us</title>{}{}</g>\n",
                     Escaped(NameOf(result, bar.vgpu)), Escaped(WorkOf(result, bar.vgpu, event)),
                     static_cast<double>(runs - event.submitted_ns) / 1000,
                     static_cast<double>(event.interrupted_ns - runs) / 1000,
                     rectangle(event.submitted_ns, runs, "0.3"),
                     rectangle(runs, event.interrupted_ns, "1"));
}

std::string Drawing(const DemoResult& result) {
  const Window window = MiddleOf(result);
  if (window.bars.empty()) return "<p>No workload ended.</p>\n";
  const std::map<Lane, double> lanes = LanesOf(window);
  const double height = kTop + kLaneHeight * static_cast<double>(lanes.size()) + 6;
  const double length = static_cast<double>(std::max<uint64_t>(1, window.end_ns - window.begin_ns));
  const double scale = kDrawingWidth / length;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"100%\" "
      "role=\"img\" aria-label=\"Timeline\">\n",
      kDrawingWidth + kLabelWidth + 40, height);
  out += Axis(window, height, scale);
  for (const auto& [lane, y] : lanes) {
    out += fmt::format("<text x=\"0\" y=\"{:.1f}\">{} {}</text>\n", y + kLaneHeight - 7,
                       Escaped(NameOf(result, lane.first)), hw::EngineName(lane.second));
  }
  for (const Bar& bar : window.bars) {
    const double y = lanes.at({bar.vgpu, bar.event.engine});
    out += BarSvg(result, bar, window, y, scale);
  }
  return out + "</svg>\n";
}

}  // namespace

std::string DemoHtml(const DemoResult& result) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<title>gvtcore demo</title>\n<style>\n"
      "body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #1a202c; }\n"
      "svg text { font: 11px system-ui, sans-serif; fill: #4a5568; }\n"
      "pre { background: #f7fafc; padding: 1em; overflow-x: auto; }\n"
      "</style>\n</head>\n<body>\n<h1>gvtcore demo</h1>\n";
  out +=
      "<p>A bar is a workload: pale while it waits for its engine, full from its first command to "
      "its interrupt.</p>\n";
  out += Drawing(result);
  out += "<pre>" + Escaped(DemoText(result, Colours{})) + "</pre>\n</body>\n</html>\n";
  return out;
}

std::string DemoTrace(const DemoResult& result) {
  std::string out = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  size_t left = kTraceEvents;
  const auto add = [&](const std::string& event) {
    if (out.back() != '[' && out[out.size() - 2] != '[') out += ",\n";
    out += event;
  };
  for (size_t i = 0; i <= result.vgpus.size(); ++i) {
    add(
        fmt::format("{{\"ph\":\"M\",\"pid\":{},\"name\":\"process_name\",\"args\":{{\"name\":\""
                    "vGPU {}: {}\"}}}}",
                    i + 1, i, Escaped(NameOf(result, i))));
    for (unsigned engine = 0; engine < hw::kEngineCount; ++engine) {
      add(
          fmt::format("{{\"ph\":\"M\",\"pid\":{},\"tid\":{},\"name\":\"thread_name\",\"args\":{{"
                      "\"name\":\"{}\"}}}}",
                      i + 1, engine + 1, hw::EngineName(static_cast<hw::Engine>(engine))));
    }
    for (const DemoEvent& event : EventsOf(result, i)) {
      if (left-- == 0) return out + "\n]}\n";
      const uint64_t runs =
          std::clamp(event.dispatched_ns, event.submitted_ns, event.interrupted_ns);
      const auto slice = [&](const char* name, uint64_t begin, uint64_t end) {
        add(fmt::format(
            "{{\"ph\":\"X\",\"pid\":{},\"tid\":{},\"name\":\"{}, {}\",\"ts\":{:.3f},"
            "\"dur\":{:.3f}}}",
            i + 1, static_cast<unsigned>(event.engine) + 1, WorkOf(result, i, event), name,
            static_cast<double>(begin) / 1000, static_cast<double>(end - begin) / 1000));
      };
      if (runs != event.submitted_ns) slice("waits", event.submitted_ns, runs);
      slice("runs", runs, event.interrupted_ns);
    }
  }
  return out + "\n]}\n";
}

}  // namespace gvt::tools

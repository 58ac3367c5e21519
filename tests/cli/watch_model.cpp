#include "cli/watch_model.hpp"

#include "cli/context.hpp"
#include "cli/documents.hpp"
#include "support/catch.hpp"

namespace berth::cli::test {

TEST_CASE("The use of processors is told from two documents of the same process") {
  WatchModel model;
  const auto take = [&](double uptime, double cpu_s, int pid) {
    model.take(document({server("web", "ready", {{"cpu_s", cpu_s}, {"pid", pid}})}, uptime));
    return model.samples_of("web").cpu.back();
  };
  CHECK_FALSE(take(10, 1.0, 7).has_value());  // nothing to compare with
  CHECK(take(12, 2.0, 7).value() == Approx(0.5));
  CHECK(take(13, 4.0, 7).value() == Approx(2.0));
  CHECK_FALSE(take(14, 4.5, 8).has_value());  // another process
  CHECK_FALSE(take(15, 4.0, 8).has_value());  // one of its children has ended
  CHECK_FALSE(take(15, 4.1, 8).has_value());  // no time has passed
  CHECK(model.samples_of("web").memory.back().value() == Approx(71303168.0));
}

TEST_CASE("After the supervisor was away nothing is compared with what was before") {
  WatchModel model;
  model.take(document({server("web", "ready")}, 10));
  model.lose("gone", 3);
  CHECK(model.lost().has_value());
  model.take(document({server("web", "ready", {{"cpu_s", 9.0}})}, 12));
  CHECK_FALSE(model.lost().has_value());
  CHECK_FALSE(model.samples_of("web").cpu.back().has_value());
}

TEST_CASE("Only so many samples are kept") {
  WatchModel model;
  for (int i = 0; i < 500; ++i) model.take(document({server("web", "ready")}, i));
  CHECK(model.samples_of("web").cpu.size() == WatchModel::most_samples);
  CHECK(model.samples_of("web").memory.size() == WatchModel::most_samples);
}

TEST_CASE("The selection stays with its server, and within the list") {
  WatchModel model;
  CHECK(model.selected() == nullptr);
  model.take(document({server("a", "ready"), server("b", "ready"), server("c", "ready")}));
  model.move(1);
  CHECK(model.selected()->at("name") == "b");
  model.take(document({server("new", "ready"), server("a", "ready"), server("b", "ready")}));
  CHECK(model.selected()->at("name") == "b");
  model.move(100);
  CHECK(model.selected_row() == 2);
  model.move(-100);
  CHECK(model.selected_row() == 0);
  model.take(document({}));
  CHECK(model.selected() == nullptr);
}

TEST_CASE("Only the servers that were asked for are watched, and an unknown one is an error") {
  WatchModel model({"b"});
  model.take(document({server("a", "ready"), server("b", "ready")}));
  CHECK(model.servers().size() == 1);
  WatchModel unknown({"x"});
  CHECK_THROWS_AS(unknown.take(document({server("a", "ready")})), Stop);
}

TEST_CASE("What only grows with time is no change") {
  const json::array before{server("a", "ready"),
                           server("b", "backoff", {{"detail", "retry in 14s: ended with code 1"}})};
  json::array after = before;
  after[0].as_object()["uptime_s"] = 99;
  after[0].as_object()["cpu_s"] = 7;
  after[0].as_object()["memory_bytes"] = 1;
  after[1].as_object()["detail"] = "retry in 9.5s: ended with code 1";
  after[1].as_object()["next_retry_in_s"] = 9.5;
  CHECK_FALSE(has_changed(before, after));
  for (const char* key : {"state", "pid", "port", "restarts", "wanted", "reason", "last_exit", "mcp", "url"}) {
    json::array changed = before;
    changed[0].as_object()[key] = "other";
    INFO(key);
    CHECK(has_changed(before, changed));
  }
  json::array said = before;
  said[0].as_object()["detail"] = "http://127.0.0.1:50000/mcp (HTTP 503)";
  CHECK(has_changed(before, said));
  CHECK(has_changed(before, {}));
}

}  // namespace berth::cli::test

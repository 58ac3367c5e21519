#pragma once
// One server: performs what its lifecycle wants done to the machine, and reports what the machine did.

#include <berth/port_ledger.hpp>
#include <berth/status.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/conflict_words.hpp"
#include "app/explanation.hpp"
#include "app/harbour.hpp"
#include "app/limit_words.hpp"
#include "app/mcp_client.hpp"
#include "app/offspring.hpp"
#include "app/output.hpp"
#include "app/prober.hpp"
#include "app/server_log.hpp"
#include "app/usage.hpp"
#include "core/lifecycle.hpp"
#include "core/redactor.hpp"
#include "os/launch.hpp"
#include "os/listeners.hpp"
#include "os/output_pipe.hpp"
#include "os/process_tree.hpp"

namespace berth::app {

// From the launch until nothing of it is left.
struct Run {
  pid_t pid = 0;
  bool leader_alive = true;
  Port port = 0;
  std::string instance;  // MCP_INSTANCE_ID
  os::TreeSign sign;
  os::Cgroup cgroup;
  WallTime started_at;
  core::Instant started;
  std::string url_host;
  std::uint32_t listener_inode = 0;
  std::vector<Approach> approaches;  // the one that got through first
  std::uint64_t looked_at = 0;       // fingerprint of the listeners
  core::ListenersSeen seen;
  bool said_taken = false;
  std::string said_listening;  // the line, redacted
  std::optional<Port> other_port_taken;
  Offspring offspring;
  core::Pulse pulse = core::Pulse::unknown;  // when the last probe failed
  core::VitalSigns signs;                    // when half of the time of a probe was over without an answer
  std::optional<McpFacts> mcp;               // what it has said of itself
  unsigned handshakes_failed = 0;
  core::Instant probe_began;
  double reaped_cpu_s = 0;  // of its leader, once that has ended
  LimitsConfig limits;      // as it was launched
  LimitMeans limit_means;
  core::LimitWords limit_words;  // of its output
};

class Server {
 public:
  // `life`: its own, which the governor leads.
  Server(Harbour& harbour, std::size_t index, std::shared_ptr<const ServerConfig> config, const core::Lifecycle& life);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void perform(const core::Effect& effect);

  // Another configuration, from now on; a run that goes on is what it was launched as.
  void reconfigure(std::shared_ptr<const ServerConfig> config);

  // Its leader was reaped, and had used so much of a processor. `orphans`: what this process has adopted and nobody
  // accounts for.
  void leader_ended(const core::ExitStatus& status, double cpu_s, const os::Orphans& orphans);
  // Says `Cleared` when nothing of a tree without leader is left.
  void check_cleared(const os::Orphans& orphans);
  // Says what the listeners mean for it. Unless asked to look closely, only when something that may concern it has
  // changed since the last look: a listener on its berth, or one that is on nobody's, of which `elsewhere` is the
  // fingerprint.
  void look(const os::Listeners& listeners, std::uint64_t elsewhere, const os::Orphans& orphans, bool closely);
  // A server that was ready: does the very socket that it was seen with still listen?
  [[nodiscard]] bool listens() const { return run_ && run_->seen.own_here; }  // when last seen
  [[nodiscard]] bool listens_as_before(const os::Listeners& listeners) const;

  // Of one that is ready: are the processes there that it had started?
  void look_at_offspring();

  // `now`: what its life calls now.
  [[nodiscard]] ServerStatus status(core::Instant now, Usage usage, const os::Orphans& orphans) const;
  // How it came to be as it is (server_history.cpp has this and all that is written down for it).
  [[nodiscard]] Explanation explanation(core::Instant now, const os::Orphans& orphans) const;
  // Writes down why it is as it is, when that has changed while its state has not.
  void note_reason();
  // What others are told of it in the port ledger.
  [[nodiscard]] PortLedger::Instance instance() const;
  [[nodiscard]] const core::Lifecycle& life() const { return life_; }
  [[nodiscard]] const ServerConfig& config() const { return *config_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  // Of the leader, as long as anything of its tree is left; 0: nothing is.
  [[nodiscard]] pid_t pid() const { return run_ ? run_->pid : 0; }
  [[nodiscard]] bool leader_lives() const { return run_ && run_->leader_alive; }
  [[nodiscard]] bool wants_close_look() const { return close_look_; }
  [[nodiscard]] std::string redacted(std::string_view text) const { return redact_(text); }
  [[nodiscard]] std::shared_ptr<const core::Redactor> redactor() const { return secrets_; }
  [[nodiscard]] ServerLog& log() { return log_; }
  [[nodiscard]] LogCounters log_counters() const { return log_.counters(); }

  // Asks the server itself, as a client would. Why that is not possible; or nothing, and `done` follows, once, with the
  // URL that was asked: also when the server ends meanwhile.
  using Inspected = std::function<void(const McpResult& result, const std::string& url)>;
  // `still_there`: whether somebody waits for `done`. Whoever asks while another does is told what that one is told.
  std::optional<std::string> inspect(Milliseconds timeout, std::function<bool()> still_there, Inspected done);

  // Ended by itself with an error: it will not become ready unasked.
  [[nodiscard]] bool ended_badly() const;

 private:
  void perform(const core::ClaimPort& claim);
  void perform(const core::ReleasePort& release);
  void perform(const core::CondemnPort& condemn);
  void perform(const core::RestPort& rest);
  void perform(const core::Launch& launch);
  void perform(const core::SignalTree& signal);
  void perform(const core::KillTree&);
  void perform(const core::LookForListeners&);
  void perform(const core::StartProbe&);
  void perform(const core::CancelProbe&);
  void perform(const core::Report& report);

  // server_limits.cpp: sets the limits of what is about to be launched.
  Expected<LimitMeans, std::string> limit(const os::Cgroup& group, os::LaunchRequest& request);
  void tell_weakness(const LimitMeans& means);
  [[nodiscard]] std::optional<core::LimitVerdict> limit_reached(const core::ExitStatus& status) const;
  [[nodiscard]] std::vector<std::string> limits_in_words() const;

  // Into the history.
  void remember(core::State from, core::State to, std::optional<core::Cause> cause, std::string message,
                std::optional<Port> port);
  void remember(const core::Report& report);
  void remember_claim(Port port);
  void remember_loss(core::PortEnd end, const std::string& reason, const std::string& holder = {});
  void remember_release();
  void remember_exit(const core::ExitStatus& status);
  [[nodiscard]] std::string sentence_for(const core::Report& report) const;
  [[nodiscard]] Evidence evidence() const;
  [[nodiscard]] std::vector<std::string> command_line() const;
  // server_metrics.cpp
  [[nodiscard]] core::ServerMetrics& counted() const;
  [[nodiscard]] core::LogTotals log_totals() const;
  void count_probe(bool passed);
  void count_ready();
  os::TreeUsage look_at_usage(const std::vector<pid_t>& members) const;
  // server_mcp.cpp
  void shake_hands();
  void ask_for_tools();
  [[nodiscard]] McpClient::Target mcp_target() const;
  [[nodiscard]] McpResult redacted(McpResult result) const;
  void learn(const McpResult& result);
  void compare_tools(const McpResult& result);
  void end_inspection(const std::string& why);
  void tell_inspectors(const McpResult& result, const std::string& host);

  void post(core::Event event) { harbour_.post(index_, std::move(event)); }
  std::vector<std::string> environment(Port port, const std::string& instance,
                                       const std::optional<os::Account>& account) const;
  std::string url(Port port, const std::string& host) const;
  std::string host_for_urls() const;
  [[nodiscard]] std::string current_url() const;  // while it has a berth
  void on_output(Stream stream, std::string_view bytes);
  void on_line(Stream stream, std::string_view line, bool among_the_last);
  void listen_to_words(std::string_view line);
  [[nodiscard]] bool something_is_left(const os::Orphans& orphans) const;
  [[nodiscard]] std::vector<pid_t> members() const;
  [[nodiscard]] std::vector<pid_t> members(const os::Orphans& orphans) const;
  void drain_output();
  void forget_run();
  core::Holder holder_of_berth(std::string& name) const;
  std::string detail(core::Instant now) const;
  void prefer_way(const std::string& host);
  void probed(const ProbeResult& result, bool health);
  [[nodiscard]] std::vector<pid_t> owners() const;
  [[nodiscard]] core::VitalSigns vital_signs(const std::vector<pid_t>& owners) const;
  [[nodiscard]] std::string signs_of_life(const ProbeResult& result, core::Pulse pulse,
                                          const std::vector<pid_t>& owners) const;

  Harbour& harbour_;
  std::size_t index_;
  std::shared_ptr<const ServerConfig> config_;
  const core::Lifecycle& life_;
  std::shared_ptr<core::Redactor> secrets_;  // also of those who follow its log
  core::Redactor& redact_;
  ConflictWords conflict_words_;
  ServerLog log_;
  os::OutputPipe out_;
  os::OutputPipe err_;
  OutputTail tail_;
  std::optional<Run> run_;
  std::unique_ptr<HttpProbe> probe_;
  std::unique_ptr<McpClient> handshake_;   // of `ready.probe`
  std::unique_ptr<McpClient> inspection_;  // that somebody asked for
  struct Inspector {
    std::function<bool()> still_there;
    Inspected done;
  };
  std::vector<Inspector> inspectors_;
  std::optional<std::vector<std::string>> tools_;  // of the last list, maybe of an earlier run
  bool said_no_tools_ = false;
  bool close_look_ = false;
  std::optional<ExitStatusReport> last_exit_;

  std::string told_weakness_;                // of its limits
  std::vector<std::string> launched_as_;     // executable and arguments of the last launch
  std::optional<Evidence::Answer> answer_;   // the last one of the run
  std::optional<core::Cause> noted_reason_;  // in the history, since the state has changed
  std::optional<Port> claimed_port_;         // of which the next report tells
  std::optional<Port> lost_port_;            // likewise
};

}  // namespace berth::app

// Upstream's HBM2 stack (timing.md 2): eight channels with a queueing controller each.
//
// The specification ticks all channels together. Channels share nothing but the order in which
// transfers are offered, so here each keeps its own clock and is brought forward when it is offered
// something, from one command to the next: ticks at which nothing can be issued are stepped over.
//
// The four transfers of a 64-byte block differ in the two address bits that are combined with the
// low bits of the channel's number, so that they go to channels 0 to 3 or to channels 4 to 7, to
// the same bank and row of each. Accesses are whole blocks. Hence the channels of such a quad are
// offered the same requests at the same ticks and always are in the same state: one of each quad is
// simulated, and stands for four.
#include "emu/hbm/hbm.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace plena::emu::hbm {

namespace {

using Tick = std::uint64_t;

constexpr std::size_t quad_count = 2;
constexpr std::uint64_t transfer_bytes = 16;
/// Entries of a read or a write queue.
constexpr unsigned queue_capacity = 33;
/// Writes go first from so many on, until so few are left.
constexpr unsigned write_high_mark = 26;
constexpr unsigned write_low_mark = 6;

/// HBM2_2Gbps with the halved burst (timing.md 2.7), in ticks.
namespace dram {
constexpr Tick bl = 4;
constexpr Tick cl = 7;
constexpr Tick rcd = 7;
constexpr Tick rp = 7;
constexpr Tick ras = 17;
constexpr Tick rc = 19;
constexpr Tick wr = 8;
constexpr Tick rtpl = 3;
constexpr Tick cwl = 2;
constexpr Tick ccds = std::max<Tick>(bl / 2, 1);
constexpr Tick ccdl = 2;
constexpr Tick rrds = 2;
constexpr Tick rrdl = 3;
constexpr Tick wtrs = 3;
constexpr Tick wtrl = 4;
constexpr Tick faw = 15;
constexpr Tick row_command = 2; ///< a row command takes the command bus for two ticks
constexpr Tick read_latency = cl + bl;
constexpr Tick read_to_write = cl + bl + 2 - cwl;
} // namespace dram

/// Banks of a channel: 2 pseudo-channels of 4 bank groups of 4.
constexpr unsigned bank_count = 32;
constexpr std::uint32_t pseudo_channel_banks = 0xFFFF;
constexpr unsigned pseudo_channel_of(unsigned bank) { return bank >> 4; }
constexpr unsigned group_of(unsigned bank) { return bank >> 2; }

struct Place {
  std::uint8_t quad = 0; ///< the high bit of the channel's number
  std::uint8_t bank = 0; ///< 0 to 31
  std::uint32_t row = 0;
};

/// Where a block lies under the mapping MOP4CLXOR (timing.md 2.5).
constexpr Place place_of(std::uint64_t block) {
  const auto bits = [&](unsigned low, unsigned count) {
    return static_cast<unsigned>(block >> low) & ((1u << count) - 1);
  };
  const unsigned column = bits(14, 3); // its high bits; the low two tell the transfers apart
  const unsigned pseudo_channel = bits(9, 1) ^ (column >> 1 & 1);
  const unsigned group = bits(10, 2) ^ (column >> 2 & 1);
  Place place;
  place.quad = static_cast<std::uint8_t>(bits(8, 1) ^ (column & 1));
  place.bank = static_cast<std::uint8_t>(pseudo_channel << 4 | group << 2 | bits(12, 2));
  place.row = static_cast<std::uint32_t>(block >> 17);
  return place;
}

/// Earliest ticks of the commands, raised as commands are issued.
struct PseudoChannel {
  Tick activate = 0;
  Tick read = 0;
  Tick write = 0;
  std::array<Tick, 4> activations{}; ///< the last four, as a ring
  unsigned next_activation = 0;
  unsigned activations_seen = 0;
};

struct BankGroup {
  Tick activate = 0;
  Tick read = 0;
  Tick write = 0;
};

struct Bank {
  Tick activate = 0;
  Tick column = 0; ///< RD and WR
  Tick precharge = 0;
  std::uint32_t row = 0;
};

void raise(Tick& earliest, Tick tick) { earliest = std::max(earliest, tick); }

constexpr std::uint8_t none = 0xFF;

/// Requests in order of arrival, with, for each bank, the oldest one for its open row and the
/// oldest one for another row: among the requests of a bank only these two can be next.
class Queue {
 public:
  struct Request {
    Tick arrive = 0;
    std::uint32_t row = 0;
    std::uint32_t sequence = 0;
    std::uint8_t bank = 0;
    std::uint8_t next = none;  ///< of the same bank
    std::uint8_t older = none; ///< of all
    std::uint8_t younger = none;
  };

  Queue() {
    first_.fill(none);
    last_.fill(none);
  }

  unsigned size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ >= queue_capacity; }
  std::uint32_t hit_banks() const { return hit_banks_; }
  std::uint32_t miss_banks() const { return miss_banks_; }
  /// The oldest request; null when there is none.
  const Request* oldest() const { return oldest_ == none ? nullptr : &requests_[oldest_]; }
  const Request* younger(const Request& request) const {
    return request.younger == none ? nullptr : &requests_[request.younger];
  }
  /// Place in the order of arrival of the two candidates of a bank.
  std::uint32_t hit_sequence(unsigned bank) const { return hit_sequence_[bank]; }
  std::uint32_t miss_sequence(unsigned bank) const { return miss_sequence_[bank]; }
  /// Before this tick no request of a pseudo-channel that needs a row command is ready; 0 when that
  /// is not known. Commands only ever make others later, so that it holds until a candidate is new.
  Tick& misses_quiet_until(unsigned pseudo_channel) { return quiet_until_[pseudo_channel]; }

  void push(const Place& place, std::uint64_t address, Tick arrive, bool open, std::uint32_t row) {
    const auto slot = static_cast<std::uint8_t>(std::countr_zero(free_));
    free_ &= free_ - 1;
    const unsigned bank = place.bank;
    if (sequence_ == ~std::uint32_t{0}) {
      number_again();
    }
    requests_[slot] = {arrive, place.row, sequence_++, place.bank, none, youngest_, none};
    addresses_[slot] = address;
    (youngest_ == none ? oldest_ : requests_[youngest_].younger) = slot;
    youngest_ = slot;
    if (first_[bank] == none) {
      first_[bank] = slot;
    } else {
      requests_[last_[bank]].next = slot;
    }
    last_[bank] = slot;
    const std::uint32_t bit = 1u << bank;
    if (open && row == place.row) {
      if ((hit_banks_ & bit) == 0) {
        set_hit(bank, slot);
      }
    } else if ((miss_banks_ & bit) == 0) {
      set_miss(bank, slot);
    }
    ++size_;
  }

  /// Takes out the oldest hit of a bank.
  void take_hit(unsigned bank, std::uint32_t row) {
    std::uint8_t s = unlink(bank, hit_[bank]).next;
    while (s != none && requests_[s].row != row) {
      s = requests_[s].next;
    }
    if (s == none) {
      hit_banks_ &= ~(1u << bank);
    } else {
      set_hit(bank, s);
    }
  }

  /// Takes out the oldest request of a closed bank; the candidates are stale until `opened`.
  Request take_first(unsigned bank) { return unlink(bank, miss_[bank]); }

  /// Finds the two candidates of a bank whose row has been opened.
  void opened(unsigned bank, std::uint32_t row) {
    const std::uint32_t bit = 1u << bank;
    hit_banks_ &= ~bit;
    miss_banks_ &= ~bit;
    for (std::uint8_t s = first_[bank]; s != none; s = requests_[s].next) {
      if (requests_[s].row == row) {
        if ((hit_banks_ & bit) == 0) {
          set_hit(bank, s);
        }
      } else if ((miss_banks_ & bit) == 0) {
        set_miss(bank, s);
      }
      if ((hit_banks_ & miss_banks_ & bit) != 0) {
        return;
      }
    }
  }

  /// The row of a bank has been closed.
  void closed(unsigned bank) {
    const std::uint32_t bit = 1u << bank;
    hit_banks_ &= ~bit;
    if (first_[bank] != none) {
      set_miss(bank, first_[bank]);
    }
  }

  bool holds(const Place& place, std::uint64_t address) const {
    for (std::uint8_t s = first_[place.bank]; s != none; s = requests_[s].next) {
      if (addresses_[s] == address) {
        return true;
      }
    }
    return false;
  }

 private:
  void set_hit(unsigned bank, std::uint8_t slot) {
    hit_[bank] = slot;
    hit_sequence_[bank] = requests_[slot].sequence;
    hit_banks_ |= 1u << bank;
  }

  void set_miss(unsigned bank, std::uint8_t slot) {
    miss_[bank] = slot;
    miss_sequence_[bank] = requests_[slot].sequence;
    miss_banks_ |= 1u << bank;
    quiet_until_[pseudo_channel_of(bank)] = 0;
  }

  /// Sequence numbers from 0 again, before they run out.
  void number_again() {
    sequence_ = 0;
    for (std::uint8_t s = oldest_; s != none; s = requests_[s].younger) {
      requests_[s].sequence = sequence_++;
    }
    for (unsigned bank = 0; bank < bank_count; ++bank) {
      hit_sequence_[bank] = requests_[hit_[bank]].sequence;
      miss_sequence_[bank] = requests_[miss_[bank]].sequence;
    }
  }

  const Request& unlink(unsigned bank, std::uint8_t slot) {
    std::uint8_t before = none;
    for (std::uint8_t s = first_[bank]; s != slot; s = requests_[s].next) {
      before = s;
    }
    (before == none ? first_[bank] : requests_[before].next) = requests_[slot].next;
    if (last_[bank] == slot) {
      last_[bank] = before;
    }
    const Request& request = requests_[slot];
    (request.older == none ? oldest_ : requests_[request.older].younger) = request.younger;
    (request.younger == none ? youngest_ : requests_[request.younger].older) = request.older;
    free_ |= std::uint64_t{1} << slot;
    --size_;
    return request; // stays as it is until the next push
  }

  std::array<Request, queue_capacity> requests_{};
  std::array<std::uint8_t, bank_count> first_{}; ///< of each bank, in order of arrival
  std::array<std::uint8_t, bank_count> last_{};
  std::array<std::uint8_t, bank_count> hit_{};
  std::array<std::uint8_t, bank_count> miss_{};
  std::array<std::uint32_t, bank_count> hit_sequence_{};
  std::array<std::uint32_t, bank_count> miss_sequence_{};
  std::array<Tick, 2> quiet_until_{};
  std::uint32_t hit_banks_ = 0;
  std::uint32_t miss_banks_ = 0;
  std::uint64_t free_ = (std::uint64_t{1} << queue_capacity) - 1;
  std::uint32_t sequence_ = 0;
  std::uint8_t oldest_ = none;
  std::uint8_t youngest_ = none;
  unsigned size_ = 0;
  std::array<std::uint64_t, queue_capacity> addresses_{};
};

/// What a channel did with the ticks of the batch in hand; the rest moved data.
struct Spent {
  Tick row_open = 0;
  Tick row_conflict = 0;
  Tick write = 0;
  Tick idle = 0; ///< with nothing to read, while a full queue elsewhere kept its reads back
};

class Channel {
 public:
  Tick tick() const { return tick_; }
  bool reads_full() const { return reads_.full(); }
  bool writes_full() const { return writes_.full(); }
  const Spent& spent() const { return spent_; }
  void forget_spent() {
    spent_ = {};
    stall_from_ = ~Tick{0};
  }
  /// The tick that completes the last of the reads issued so far.
  Tick last_completion() const { return last_completion_; }

  /// Executes the ticks up to and including `until`.
  void advance(Tick until) {
    while (tick_ < until) {
      if (!step(until)) {
        return;
      }
    }
  }

  /// Executes ticks until the queue has room.
  void make_read_room() {
    while (reads_.full()) {
      step(~Tick{0});
    }
  }
  void make_write_room() {
    while (writes_.full()) {
      step(~Tick{0});
    }
  }

  /// Executes ticks until all reads are issued.
  void finish_reads() {
    while (!reads_.empty() || active_reads_ != 0) {
      step(~Tick{0});
    }
  }

  /// At tick `tick()`; the queue has room unless the data come from a queued write.
  bool forwards(const Place& place, std::uint64_t address) const {
    return !writes_.empty() && writes_.holds(place, address);
  }
  void forward() { complete(tick_ + 1); }
  void read(const Place& place, std::uint64_t address) {
    reads_.push(place, address, tick_, is_open(place.bank), banks_[place.bank].row);
  }
  void write(const Place& place, std::uint64_t address) {
    writes_.push(place, address, tick_, is_open(place.bank), banks_[place.bank].row);
  }

 private:
  enum class Command : std::uint8_t { Activate, Precharge, Column };

  struct Choice {
    bool found = false;
    Command command = Command::Column;
    unsigned bank = 0;
    Tick next = ~Tick{0}; ///< if not found: nothing is ready before
  };

  bool is_open(unsigned bank) const { return (open_banks_ >> bank & 1) != 0; }

  void complete(Tick depart) { last_completion_ = std::max(depart, last_completion_ + 1); }

  /// The oldest active request whose data can move at tick `at`; the earlier arrival wins, then the
  /// one whose row was opened first.
  Choice choose_active(Tick at) const {
    Choice choice;
    Tick best_arrive = ~Tick{0};
    std::uint64_t best_order = 0;
    for (std::uint32_t left = active_banks_; left != 0; left &= left - 1) {
      const auto bank = static_cast<unsigned>(std::countr_zero(left));
      const bool reads = (active_reads_ >> bank & 1) != 0;
      const PseudoChannel& pseudo_channel = pseudo_channels_[pseudo_channel_of(bank)];
      const BankGroup& group = groups_[group_of(bank)];
      const Tick ready = std::max(
        banks_[bank].column,
        reads ? std::max(pseudo_channel.read, group.read)
              : std::max(pseudo_channel.write, group.write)
      );
      if (ready > at) {
        choice.next = std::min(choice.next, ready);
        continue;
      }
      const Active& active = active_[bank];
      if (!choice.found || active.arrive < best_arrive || (active.arrive == best_arrive && active.order < best_order)) {
        choice.found = true;
        choice.bank = bank;
        best_arrive = active.arrive;
        best_order = active.order;
      }
    }
    return choice;
  }

  /// The oldest request of a queue whose next command is ready at tick `at`.
  template <bool reading> Choice choose(Queue& queue, Tick at) const {
    Choice choice;
    // Nobody is older than the oldest: mostly one of the first few is ready.
    constexpr int few = 8;
    const Queue::Request* request = queue.oldest();
    for (int i = 0; i < few && request != nullptr; ++i, request = queue.younger(*request)) {
      const unsigned bank = request->bank;
      const PseudoChannel& pseudo_channel = pseudo_channels_[pseudo_channel_of(bank)];
      const BankGroup& group = groups_[group_of(bank)];
      const Bank& state = banks_[bank];
      Tick ready = 0;
      if (!is_open(bank)) {
        choice.command = Command::Activate;
        ready = std::max(
          std::max(row_ready_, pseudo_channel.activate), std::max(group.activate, state.activate)
        );
      } else if (state.row == request->row) {
        choice.command = Command::Column;
        ready = reading ? std::max(pseudo_channel.read, group.read)
                        : std::max(pseudo_channel.write, group.write);
        ready = std::max(ready, state.column);
      } else {
        choice.command = Command::Precharge;
        ready = std::max(row_ready_, state.precharge);
      }
      if (ready <= at) {
        choice.found = true;
        choice.bank = bank;
        return choice;
      }
    }
    // Without branches, since which bank is ready is hard to foretell: the smallest of keys that
    // begin with the place in the order of arrival.
    constexpr std::uint64_t nobody = ~std::uint64_t{0};
    std::uint64_t best = nobody;
    const auto weigh = [&](Tick ready, std::uint32_t sequence, unsigned bank, Command command) {
      const std::uint64_t key =
        std::uint64_t{sequence} << 16 | bank << 8 | static_cast<unsigned>(command);
      best = std::min(best, ready <= at ? key : nobody);
      return ready;
    };
    for (unsigned p = 0; p < 2; ++p) {
      const std::uint32_t mask = pseudo_channel_banks << (16 * p);
      const PseudoChannel& pseudo_channel = pseudo_channels_[p];
      if (std::uint32_t left = queue.hit_banks() & mask; left != 0) {
        const Tick limit = reading ? pseudo_channel.read : pseudo_channel.write;
        if (limit > at) {
          choice.next = std::min(choice.next, limit); // a bound is enough to step over ticks
        } else {
          for (; left != 0; left &= left - 1) {
            const auto bank = static_cast<unsigned>(std::countr_zero(left));
            const BankGroup& group = groups_[group_of(bank)];
            choice.next = std::min(
              choice.next,
              weigh(
                std::max(banks_[bank].column, reading ? group.read : group.write),
                queue.hit_sequence(bank),
                bank,
                Command::Column
              )
            );
          }
        }
      }
      const std::uint32_t misses = queue.miss_banks() & mask;
      if (misses == 0) {
        continue;
      }
      Tick& quiet_until = queue.misses_quiet_until(p);
      if (row_ready_ > at || quiet_until > at) {
        choice.next = std::min(choice.next, std::max(row_ready_, quiet_until));
        continue;
      }
      Tick next = ~Tick{0};
      for (std::uint32_t left = misses & open_banks_; left != 0; left &= left - 1) {
        const auto bank = static_cast<unsigned>(std::countr_zero(left));
        next = std::min(
          next, weigh(banks_[bank].precharge, queue.miss_sequence(bank), bank, Command::Precharge)
        );
      }
      std::uint32_t left = misses & ~open_banks_;
      if (left != 0 && pseudo_channel.activate > at) {
        next = std::min(next, pseudo_channel.activate);
        left = 0;
      }
      for (; left != 0; left &= left - 1) {
        const auto bank = static_cast<unsigned>(std::countr_zero(left));
        next = std::min(
          next,
          weigh(
            std::max(groups_[group_of(bank)].activate, banks_[bank].activate),
            queue.miss_sequence(bank),
            bank,
            Command::Activate
          )
        );
      }
      quiet_until = next > at ? next : 0;
      choice.next = std::min(choice.next, next);
    }
    if (best != nobody) {
      choice.found = true;
      choice.bank = static_cast<unsigned>(best >> 8 & 0xFF);
      choice.command = static_cast<Command>(best & 0xFF);
    }
    return choice;
  }

  /// Executes ticks up to the next one that issues a command, at most up to `until`; false when
  /// `until` is reached.
  bool step(Tick until) {
    const Tick at = tick_ + 1;
    Choice active;
    active.next = active_quiet_until_;
    if (active_banks_ != 0 && active_quiet_until_ <= at) {
      active = choose_active(at);
      active_quiet_until_ = active.found ? 0 : active.next;
    }
    if (active.found) {
      column(active.bank, (active_reads_ >> active.bank & 1) != 0, at);
      active_banks_ &= ~(1u << active.bank);
      active_reads_ &= active_banks_;
      if (active_banks_ == 0) {
        active_quiet_until_ = ~Tick{0};
      }
      return true;
    }
    if (!write_mode_ && (writes_.size() >= write_high_mark || reads_.empty())) {
      write_mode_ = true;
    } else if (write_mode_ && writes_.size() <= write_low_mark && !reads_.empty()) {
      write_mode_ = false;
    }
    Queue& queue = write_mode_ ? writes_ : reads_;
    const Choice choice = write_mode_ ? choose<false>(queue, at) : choose<true>(queue, at);
    if (!choice.found) {
      // Nothing changes until something is ready: the mode depends on the queues alone.
      const Tick next = std::min(active.next, choice.next);
      const Tick reached = std::min(next - 1, until);
      if (reads_.empty() && active_reads_ == 0) {
        account(reached, Waited::Bus);
      } else {
        stall_from_ = std::min(stall_from_, tick_); // the next command tells what for
      }
      tick_ = reached;
      return next <= until;
    }
    const unsigned bank = choice.bank;
    switch (choice.command) {
    case Command::Column: {
      column(bank, !write_mode_, at);
      queue.take_hit(bank, banks_[bank].row);
      break;
    }
    case Command::Activate:
      activate(bank, queue, at);
      break;
    case Command::Precharge:
      if ((active_banks_ >> bank & 1) != 0) {
        account(at, Waited::Conflict); // its row is still needed; no second choice is tried
        tick_ = at;
      } else {
        precharge(bank, at);
      }
      break;
    }
    return true;
  }

  void column(unsigned bank, bool reads, Tick at) {
    PseudoChannel& pseudo_channel = pseudo_channels_[pseudo_channel_of(bank)];
    BankGroup& group = groups_[group_of(bank)];
    Bank& state = banks_[bank];
    account(at, !reads ? Waited::Write : state.column == at ? Waited::Row : Waited::Bus, bank);
    if (reads) {
      raise(pseudo_channel.read, at + dram::ccds);
      raise(pseudo_channel.write, at + dram::read_to_write);
      raise(group.read, at + dram::ccdl);
      raise(state.precharge, at + dram::rtpl);
      complete(at + dram::read_latency);
    } else {
      raise(pseudo_channel.write, at + dram::ccds);
      raise(pseudo_channel.read, at + dram::cwl + dram::bl + dram::wtrs);
      raise(group.write, at + dram::ccdl);
      raise(group.read, at + dram::cwl + dram::bl + dram::wtrl);
      raise(state.precharge, at + dram::cwl + dram::bl + dram::wr);
    }
    tick_ = at;
  }

  void activate(unsigned bank, Queue& queue, Tick at) {
    PseudoChannel& pseudo_channel = pseudo_channels_[pseudo_channel_of(bank)];
    BankGroup& group = groups_[group_of(bank)];
    Bank& state = banks_[bank];
    account(at, (opened_before_ >> bank & 1) != 0 ? Waited::Conflict : Waited::Open, bank);
    raise(row_ready_, at + dram::row_command);
    raise(pseudo_channel.activate, at + dram::rrds);
    pseudo_channel.activations[pseudo_channel.next_activation] = at;
    pseudo_channel.next_activation = (pseudo_channel.next_activation + 1) % 4;
    if (++pseudo_channel.activations_seen >= 4) {
      // The oldest of the last four is where the next one will be written.
      raise(
        pseudo_channel.activate,
        pseudo_channel.activations[pseudo_channel.next_activation] + dram::faw
      );
    }
    raise(group.activate, at + dram::rrdl);
    raise(state.activate, at + dram::rc);
    raise(state.column, at + dram::rcd);
    raise(state.precharge, at + dram::ras);
    // The request moves to the active list, which has room: one request per bank at most, since a
    // bank with an active request keeps its row.
    const Queue::Request request = queue.take_first(bank);
    state.row = request.row;
    open_banks_ |= 1u << bank;
    if ((opened_before_ >> bank & 1) != 0) {
      conflict_banks_ |= 1u << bank;
    }
    opened_before_ |= 1u << bank;
    reads_.opened(bank, state.row);
    writes_.opened(bank, state.row);
    active_[bank] = {request.arrive, next_order_++};
    active_quiet_until_ =
      active_banks_ == 0 ? state.column : std::min(active_quiet_until_, state.column);
    active_banks_ |= 1u << bank;
    active_reads_ |= write_mode_ ? 0 : 1u << bank;
    tick_ = at;
  }

  void precharge(unsigned bank, Tick at) {
    account(at, Waited::Conflict, bank);
    raise(banks_[bank].activate, at + dram::rp);
    open_banks_ &= ~(1u << bank);
    reads_.closed(bank);
    writes_.closed(bank);
    tick_ = at;
  }

  enum class Waited : std::uint8_t { Bus, Row, Open, Conflict, Write };

  /// Notes what the ticks since the last note, up to `at`, were waited for.
  void account(Tick at, Waited waited, unsigned bank = 0) {
    const Tick from = std::min(stall_from_, tick_);
    stall_from_ = ~Tick{0};
    const Tick ticks = at - from;
    switch (waited) {
    case Waited::Bus:
      if (reads_.empty() && active_reads_ == 0 && at > last_completion_) {
        spent_.idle += std::min(ticks, at - last_completion_);
      }
      break;
    case Waited::Row:
      ((conflict_banks_ >> bank & 1) != 0 ? spent_.row_conflict : spent_.row_open) += ticks;
      break;
    case Waited::Open:
      spent_.row_open += ticks;
      break;
    case Waited::Conflict:
      spent_.row_conflict += ticks;
      break;
    case Waited::Write:
      spent_.write += ticks;
      break;
    }
  }

  struct Active {
    Tick arrive = 0;
    std::uint64_t order = 0;
  };

  Tick tick_ = 0; ///< executed so far
  bool write_mode_ = false;
  Tick row_ready_ = 0; ///< of row commands on the channel
  Tick last_completion_ = 0;
  std::uint32_t open_banks_ = 0;
  std::uint32_t active_banks_ = 0;     ///< with a request whose row was opened for it
  std::uint32_t active_reads_ = 0;     ///< those of them that read
  Tick active_quiet_until_ = ~Tick{0}; ///< before it none of them is ready
  std::uint32_t opened_before_ = 0;
  std::uint32_t conflict_banks_ = 0; ///< whose open row was opened in place of another
  std::uint64_t next_order_ = 0;
  Tick stall_from_ = ~Tick{0}; ///< start of ticks stepped over and not yet accounted for
  Spent spent_;
  std::array<PseudoChannel, 2> pseudo_channels_{};
  std::array<BankGroup, 8> groups_{};
  std::array<Bank, bank_count> banks_{};
  std::array<Active, bank_count> active_{};
  Queue reads_;
  Queue writes_;
};

class Hbm2 final : public MemoryModel {
 public:
  explicit Hbm2(OfferSink offers) : offers_(std::move(offers)) {}

  std::unique_ptr<MemoryModel> copy() const override { return std::make_unique<Hbm2>(*this); }
  std::uint64_t serve(std::uint64_t now, const Transfer& transfer, CauseCycles& waits) override {
    if (!transfer.store) {
      return read(now, transfer.blocks, waits, Cause::hbm_read);
    }
    for (const std::uint64_t& block : transfer.blocks) {
      now = read(now, {&block, 1}, waits, Cause::hbm_write);
      now = write(now, block, waits);
    }
    return now;
  }

 private:
  /// Reads asked for together (timing.md 2.4).
  std::uint64_t
  read(std::uint64_t now, std::span<const std::uint64_t> blocks, CauseCycles& waits, Cause own) {
    if (blocks.empty()) {
      return now;
    }
    const Tick begin = std::max(ticks_, now); // caught up: `now` or `now + 1`
    Tick offered = begin;
    std::array<bool, quad_count> touched{};
    for (const std::uint64_t block : blocks) {
      const Place place = place_of(block);
      Channel& channel = quads_[place.quad];
      if (!touched[place.quad]) {
        touched[place.quad] = true;
        channel.advance(begin);
        channel.forget_spent();
      }
      channel.advance(offered);
      if (channel.reads_full() && !channel.forwards(place, block)) {
        tell_rejected(offered, false, block);
        channel.make_read_room();
        // Offers are repeated once per cycle, from the cycle after the first on.
        const Tick accepted = std::max(channel.tick(), now + 2);
        for (Tick again = std::max(offered + 1, now + 2); offers_ && again < accepted; ++again) {
          tell_rejected(again, false, block);
        }
        offered = accepted;
        channel.advance(offered);
      }
      tell_accepted(offered, false, block);
      if (channel.forwards(place, block)) {
        channel.forward();
      } else {
        channel.read(place, block);
      }
    }
    Tick last = 0;
    std::size_t slowest = 0;
    for (std::size_t quad = 0; quad < quad_count; ++quad) {
      if (touched[quad]) {
        quads_[quad].finish_reads();
        if (quads_[quad].last_completion() > last) {
          last = quads_[quad].last_completion();
          slowest = quad;
        }
      }
    }
    const std::uint64_t end = std::max(now, last - 1);
    ticks_ = end + 1;
    explain(end - now, quads_[slowest].spent(), own, waits);
    return end;
  }

  /// A posted write: it ends when all of it is queued.
  std::uint64_t write(std::uint64_t now, std::uint64_t block, CauseCycles& waits) {
    const std::uint64_t start = now;
    const Place place = place_of(block);
    Channel& channel = quads_[place.quad];
    ticks_ = std::max(ticks_, now);
    channel.advance(ticks_);
    if (channel.writes_full()) {
      tell_rejected(ticks_, true, block);
      channel.make_write_room();
      for (std::uint64_t again = now + 1; offers_ && again < channel.tick(); ++again) {
        tell_rejected(std::max(ticks_, again), true, block);
      }
      now = channel.tick();
      ticks_ = std::max(ticks_, now);
    }
    tell_accepted(ticks_, true, block);
    channel.write(place, block);
    at(waits, Cause::queue_full) += now - start;
    return now;
  }

  /// Splits the time of a batch by what its slowest channel did. A tick more or less than there are
  /// cycles belongs to the data.
  static void explain(std::uint64_t cycles, const Spent& spent, Cause own, CauseCycles& waits) {
    const auto take = [&](Cause cause, Tick ticks) {
      const std::uint64_t part = std::min(cycles, ticks);
      at(waits, cause) += part;
      cycles -= part;
    };
    take(Cause::row_conflict, spent.row_conflict);
    take(Cause::row_open, spent.row_open);
    take(Cause::hbm_write, spent.write);
    take(Cause::queue_full, spent.idle);
    take(own, cycles);
  }

  /// Of a block whose channels are full: only its first transfer is offered.
  void tell_rejected(Tick tick, bool write, std::uint64_t block) const {
    if (offers_) {
      offers_({tick, write, block, false});
    }
  }
  void tell_accepted(Tick tick, bool write, std::uint64_t block) const {
    for (std::uint64_t part = 0; offers_ && part < block_bytes; part += transfer_bytes) {
      offers_({tick, write, block + part, true});
    }
  }

  OfferSink offers_;
  std::array<Channel, quad_count> quads_;
  Tick ticks_ = 0; ///< that all channels have executed or still owe
};

} // namespace

std::unique_ptr<MemoryModel> make_hbm2(const config::Timing&, OfferSink offers) {
  return std::make_unique<Hbm2>(std::move(offers));
}

} // namespace plena::emu::hbm

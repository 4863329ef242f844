#include "runtime/backend/worker/ring.h"

#include <random>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/backend/worker/channel.h"
#include "runtime/backend/worker/region.h"
#include "tests/runtime/backend/collecting_sink.h"

namespace aion::runtime::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// One ring with both of its ends.
class RingTest : public testing::Test {
 protected:
  void write(const std::string& text, std::uint64_t id = 1) {
    RecordHeader header;
    header.mark = kRecordMark;
    header.payload = static_cast<std::uint32_t>(text.size());
    header.id = id;
    writer_.begin(header);
    writer_.append(std::as_bytes(std::span(text)));
    static_cast<void>(writer_.publish());
  }

  bool has_room(std::size_t payload) {
    const auto room = writer_.has_room(payload);
    return room && *room;
  }

  std::string read() {
    const auto header = reader_.next();
    EXPECT_TRUE(header && *header);
    std::string text((*header)->payload, '?');
    reader_.take(std::as_writable_bytes(std::span(text)));
    static_cast<void>(reader_.pop());
    return text;
  }

  /// Why the reader will not have what stands in the ring.
  std::string complaint() {
    const auto header = reader_.next();
    return header ? "none" : header.error().message;
  }

  Region region_ = *Region::create(kMinRingBytes);
  RingControl& control_ = region_.to_worker().control;
  std::span<std::byte> data_ = region_.to_worker().data;
  RingWriter writer_{control_, data_};
  RingReader reader_{control_, data_};
};

TEST_F(RingTest, IsEmptyAtFirst) {
  const auto header = reader_.next();

  ASSERT_TRUE(header);
  EXPECT_FALSE(*header);
}

TEST_F(RingTest, GivesRecordsBackInOrder) {
  write("first");
  write("");
  write("third");

  EXPECT_EQ(read(), "first");
  EXPECT_EQ(read(), "");
  EXPECT_EQ(read(), "third");
}

TEST_F(RingTest, CarriesRecordsAcrossItsEnd) {
  const std::string text(899, 'x');  // with its header no divisor of the ring: every cut comes up

  for (int i = 0; i < 1000; ++i) {
    const std::string marked = text + std::to_string(i);
    ASSERT_TRUE(has_room(marked.size()));
    write(marked);
    ASSERT_EQ(read(), marked);
  }
}

TEST_F(RingTest, HasNoRoomWhenItIsFull) {
  const std::string quarter(writer_.max_payload(), 'x');

  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(has_room(quarter.size()));
    write(quarter);
  }

  EXPECT_FALSE(has_room(0));
}

TEST_F(RingTest, WakesAWaitingWriterWhenHalfIsFree) {
  const std::string quarter(writer_.max_payload(), 'x');
  for (int i = 0; i < 4; ++i) {
    write(quarter);
  }
  writer_.announce_wait();

  ASSERT_TRUE(*reader_.next());
  EXPECT_FALSE(reader_.pop());
  ASSERT_TRUE(*reader_.next());
  EXPECT_TRUE(reader_.pop());
  ASSERT_TRUE(*reader_.next());
  EXPECT_FALSE(reader_.pop()) << "it has been woken already";
}

TEST_F(RingTest, TellsTheWriterOnceThatTheReaderSleeps) {
  ASSERT_TRUE(reader_.announce_sleep());
  RecordHeader header;
  header.mark = kRecordMark;

  writer_.begin(header);
  EXPECT_TRUE(writer_.publish());
  writer_.begin(header);
  EXPECT_FALSE(writer_.publish());
}

TEST_F(RingTest, DoesNotLetTheReaderSleepOverARecord) {
  write("record");

  EXPECT_FALSE(reader_.announce_sleep());
}

TEST_F(RingTest, RefusesAPositionOutsideOfItself) {
  control_.tail = kMinRingBytes + 8;

  EXPECT_THAT(complaint(), HasSubstr("the writer's position is outside"));
}

TEST_F(RingTest, RefusesAPositionThatGoesBack) {
  write("record");
  read();
  control_.tail = 0;

  EXPECT_THAT(complaint(), HasSubstr("the writer's position is outside"));
}

TEST_F(RingTest, RefusesAReaderAheadOfTheWriter) {
  control_.head = 8;

  const auto room = writer_.has_room(1);

  ASSERT_FALSE(room);
  EXPECT_THAT(room.error().message, HasSubstr("the reader's position is outside"));
}

TEST_F(RingTest, RefusesARecordWithoutItsMark) {
  write("record");
  data_[0] = std::byte{0};

  EXPECT_THAT(complaint(), HasSubstr("does not begin with the mark"));
}

TEST_F(RingTest, RefusesARecordLongerThanRecordsAre) {
  write("record");
  data_[7] = std::byte{0xff};

  EXPECT_THAT(complaint(), HasSubstr("more than a record may hold"));
}

TEST_F(RingTest, RefusesARecordLongerThanWhatWasWritten) {
  write("record");
  data_[4] = std::byte{200};

  EXPECT_THAT(complaint(), HasSubstr("200 bytes, more than were written"));
}

/// Both ends of a conversation in one process.
class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    auto [daemon_bell, worker_bell] = std::pair{*make_bell(), *make_bell()};
    auto [daemon_copy, worker_copy] =
        std::pair{Descriptor(::dup(daemon_bell.get())), Descriptor(::dup(worker_bell.get()))};
    Region region = *Region::create(kMinRingBytes);
    Region same = *Region::attach(Descriptor(::dup(region.descriptor())));
    daemon_.emplace(std::move(region),
                    Channel::Bells{std::move(daemon_bell), std::move(worker_copy)},
                    Side::Daemon,
                    wants_all);
    worker_.emplace(std::move(same),
                    Channel::Bells{std::move(worker_bell), std::move(daemon_copy)},
                    Side::Worker,
                    wants_all);
  }

  static bool wants_all(Kind /*kind*/, std::uint64_t /*id*/) { return true; }

  /// Lets the daemon write and the worker read until nothing is left.
  std::vector<Message> transfer() {
    std::vector<Message> messages;
    const auto keep = [&](Message message) {
      messages.push_back(std::move(message));
      return Result<void>();
    };
    EXPECT_TRUE(daemon_->pump());
    while (!worker_->may_sleep()) {
      const auto received = worker_->receive(keep);
      EXPECT_TRUE(received) << received.error().message;
      EXPECT_TRUE(daemon_->pump());
    }
    return messages;
  }

  std::optional<Channel> daemon_;
  std::optional<Channel> worker_;
};

TEST_F(ChannelTest, CarriesTensorsOfEveryForm) {
  const std::vector<std::string_view> texts{"one", "", "three"};
  Message sent{Kind::Run,
               7,
               "body",
               {floats({1, 2, 3}), tensor::bytes_from_values(texts, {3}), {}, floats({})}};

  ASSERT_TRUE(daemon_->send(sent));
  const auto messages = transfer();

  ASSERT_THAT(messages, SizeIs(1));
  const Message& got = messages[0];
  EXPECT_EQ(got.kind, Kind::Run);
  EXPECT_EQ(got.id, 7U);
  EXPECT_EQ(got.body, "body");
  EXPECT_THAT(values_of<float>(got.tensors[0]), ElementsAre(1, 2, 3));
  EXPECT_EQ(got.tensors[1].bytes_at(2), "three");
  EXPECT_FALSE(got.tensors[2].is_present());
  EXPECT_EQ(got.tensors[3].count(), 0U);
}

TEST_F(ChannelTest, CarriesAMessageLargerThanTheRing) {
  std::vector<float> values(100'000);
  values.front() = 1;
  values.back() = 2;

  ASSERT_TRUE(daemon_->send({Kind::Run, 1, {}, {floats(values)}}));
  const auto messages = transfer();

  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(values_of<float>(messages[0].tensors[0]), values);
}

TEST_F(ChannelTest, RefusesMoreMessagesThanItsQueueHolds) {
  const Message large{Kind::Run, 1, {}, {floats(std::vector<float>(10'000))}};
  ASSERT_TRUE(daemon_->send(large, 2));
  ASSERT_TRUE(daemon_->send(large, 2));

  const auto third = daemon_->send(large, 2);

  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::ResourceExhausted);
}

TEST_F(ChannelTest, TakesBackAMessageThatIsNotBegun) {
  ASSERT_TRUE(daemon_->send({Kind::Run, 1, {}, {floats(std::vector<float>(10'000))}}));
  ASSERT_TRUE(daemon_->send({Kind::Run, 2, {}, {}}));

  EXPECT_FALSE(daemon_->withdraw(Kind::Run, 1));
  EXPECT_TRUE(daemon_->withdraw(Kind::Run, 2));

  EXPECT_THAT(transfer(), SizeIs(1));
}

TEST_F(ChannelTest, CarriesManyMessagesBetweenThreads) {
  constexpr std::uint64_t kMessages = 2000;
  std::uint64_t sum = 0;
  std::thread listener([&] {
    std::uint64_t received = 0;
    const auto add = [&](const Message& message) {
      sum += message.id;
      ++received;
      return Result<void>();
    };
    while (received < kMessages) {
      ASSERT_TRUE(worker_->receive(add));
    }
  });
  std::vector<std::thread> senders;
  for (std::uint64_t first = 0; first < 2; ++first) {
    senders.emplace_back([this, first] {
      for (std::uint64_t id = first; id < kMessages; id += 2) {
        ASSERT_TRUE(daemon_->send({Kind::Run, id, {}, {floats(std::vector<float>(id % 3000))}}));
      }
    });
  }
  for (auto& sender : senders) {
    sender.join();
  }
  std::atomic<bool> is_over = false;
  std::thread pump([&] {
    while (!is_over) {
      ASSERT_TRUE(daemon_->pump());
    }
  });
  listener.join();
  is_over = true;
  pump.join();

  EXPECT_EQ(sum, kMessages * (kMessages - 1) / 2);
}

/// Changes bytes of a well-formed conversation in a way that is the same each time; whatever comes
/// of it, nothing may be read or written outside of what it says (the sanitizers look on), and no
/// tensor may contradict itself.
TEST_F(ChannelTest, SurvivesAnyChangeOfWhatStandsInTheRing) {
  std::mt19937 random(20240607);
  const std::vector<std::string_view> texts{"one", "three"};
  const Message message{
      Kind::Response, 3, "some body", {floats({1, 2, 3}), tensor::bytes_from_values(texts, {2})}};
  int refused = 0;

  for (int round = 0; round < 5'000; ++round) {
    Region region = *Region::create(kMinRingBytes);
    const auto ring = region.to_daemon();
    RingWriter writer(ring.control, ring.data);
    auto sending = *Sending::create(message);
    ASSERT_TRUE(sending.write(writer, [] {}));
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      ring.data[random() % ring.control.tail.load()] = static_cast<std::byte>(random());
    }

    RingReader reader(ring.control, ring.data);
    Receiving receiving(wants_all);
    auto header = reader.next();
    while (header && *header) {
      auto received = receiving.accept(**header, reader);
      if (!received) {
        header = received.error();
        break;
      }
      for (const auto& tensor : *received ? (*received)->tensors : std::vector<tensor::Tensor>()) {
        const bool fits =
            tensor.dtype == tensor::DataType::Bytes
                ? tensor.offsets->size() == tensor.count() + 1 &&
                      tensor.offsets->back() <= tensor.data.bytes
                : !tensor.is_present() ||
                      tensor.data.bytes == tensor.count() * tensor::element_size(tensor.dtype);
        ASSERT_TRUE(fits);
      }
      static_cast<void>(reader.pop());
      header = reader.next();
    }
    refused += header ? 0 : 1;
  }

  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace aion::runtime::worker

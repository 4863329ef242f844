// Messages come out whole, whatever pieces they came in; what is no message is said.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "http2_client.h"
#include "net/grpc/message_decoder.h"

namespace aion::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kLimit = 1U << 20U;

std::string packed(const std::string& text, Compression encoding) {
  z_stream stream{};
  ::deflateInit2(&stream, 9, Z_DEFLATED, 15 + (encoding == Compression::Gzip ? 16 : 0), 8, 0);
  std::string out(::deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

/// All messages of `text`, given in pieces of `step` bytes; a fault stands behind them.
std::vector<std::string> decoded(GrpcMessageDecoder& decoder,
                                 const std::string& text,
                                 std::size_t step) {
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < text.size(); at += step) {
    std::string_view piece = std::string_view(text).substr(at, step);
    while (!piece.empty() && !decoder.fault()) {
      piece.remove_prefix(decoder.take(piece));
      if (decoder.has_message()) {
        messages.emplace_back(decoder.message());
        decoder.forget_message();
      }
    }
  }
  if (decoder.fault()) {
    messages.push_back("fault: " + decoder.fault()->message);
  }
  return messages;
}

TEST(GrpcMessageDecoder, FindsMessagesInPiecesOfEverySize) {
  const std::string text = framed("first") + framed("") + framed(std::string(300, 'x'));
  for (std::size_t step = 1; step <= text.size(); ++step) {
    GrpcMessageDecoder decoder(Compression::Identity, kLimit, kLimit);
    EXPECT_THAT(decoded(decoder, text, step), ElementsAre("first", "", std::string(300, 'x')));
    EXPECT_FALSE(decoder.is_inside_message());
  }
}

TEST(GrpcMessageDecoder, DoesNotCopyAMessageThatCameWhole) {
  const std::string text = framed("whole");
  GrpcMessageDecoder decoder(Compression::Identity, kLimit, kLimit);

  EXPECT_EQ(decoder.take(text), text.size());

  EXPECT_EQ(decoder.message().data(), text.data() + 5);
}

TEST(GrpcMessageDecoder, KnowsThatAMessageIsNotWhole) {
  GrpcMessageDecoder decoder(Compression::Identity, kLimit, kLimit);
  EXPECT_FALSE(decoder.is_inside_message());
  decoder.take(framed("abc").substr(0, 3));
  EXPECT_TRUE(decoder.is_inside_message());
}

TEST(GrpcMessageDecoder, UnpacksWhatIsPackedAndOnlyThat) {
  const std::string large(200'000, 'l');
  for (const Compression encoding : {Compression::Gzip, Compression::Deflate}) {
    const std::string text =
        framed(packed("small", encoding), 1) + framed("plain") + framed(packed(large, encoding), 1);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
      GrpcMessageDecoder decoder(encoding, kLimit, kLimit);
      EXPECT_THAT(decoded(decoder, text, step), ElementsAre("small", "plain", large));
    }
  }
}

TEST(GrpcMessageDecoder, RefusesALengthAboveTheLimitBeforeTheBytesCome) {
  GrpcMessageDecoder decoder(Compression::Identity, 10, kLimit);
  EXPECT_THAT(decoded(decoder, framed(std::string(11, 'x')).substr(0, 5), 5),
              ElementsAre("fault: Received message larger than max (11 vs. 10)"));
  EXPECT_EQ(decoder.fault()->code, GrpcCode::ResourceExhausted);
}

TEST(GrpcMessageDecoder, StopsUnpackingAtTheLimit) {
  const std::string bomb = framed(packed(std::string(64U << 20U, '\0'), Compression::Gzip), 1);
  GrpcMessageDecoder decoder(Compression::Gzip, kLimit, kLimit);

  const auto messages = decoded(decoder, bomb, bomb.size());

  ASSERT_EQ(messages.size(), 1U);
  EXPECT_THAT(messages[0], HasSubstr("larger than max"));
}

TEST(GrpcMessageDecoder, RefusesWhatIsNotPackedAsItSays) {
  const std::string good = packed("hello hello hello", Compression::Gzip);
  for (const std::string& wrong : {std::string("no gzip at all"),
                                   good.substr(0, good.size() - 1),
                                   good + "more",
                                   std::string()}) {
    GrpcMessageDecoder decoder(Compression::Gzip, kLimit, kLimit);
    EXPECT_THAT(decoded(decoder, framed(wrong, 1), 1U << 20U),
                ElementsAre(HasSubstr("could not be unpacked: expected gzip")));
  }
}

TEST(GrpcMessageDecoder, RefusesAWrongFlag) {
  GrpcMessageDecoder identity(Compression::Identity, kLimit, kLimit);
  EXPECT_THAT(decoded(identity, framed("x", 1), 99), ElementsAre(HasSubstr("'grpc-encoding'")));
  GrpcMessageDecoder gzip(Compression::Gzip, kLimit, kLimit);
  EXPECT_THAT(decoded(gzip, framed("x", 2), 99), ElementsAre(HasSubstr("expected 0 or 1, got 2")));
}

}  // namespace
}  // namespace aion::net

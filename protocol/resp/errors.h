// SPDX-License-Identifier: BSD-3-Clause
//
// The error texts that clients match on, all in one place. The first word is the code: client libraries turn
// it into an exception class, and INFO errorstats counts by it. The rest is matched too, more often than one
// would wish, so these are the texts of Redis to the letter (of 7.0 where later versions agree, of 7.4 where
// they differ). A text stands here once; a family of commands with a text of its own adds it to its group.
//
// A text is without the '-' and the CRLF of RESP: Reply::error adds them.
//
//     return errors::kSyntax;                          // fixed: costs nothing
//     return errors::invalid_expire("set");            // made on the spot: owned by the Error
#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/result.h"

namespace keel::errors {

// Reading arguments
inline constexpr ErrorText kSyntax{"ERR syntax error"};
inline constexpr ErrorText kInvalidArguments{"ERR Invalid arguments specified for command"};
inline constexpr ErrorText kInvalidCommandSpecified{"ERR Invalid command specified"};
inline constexpr ErrorText kNoKeyArguments{"ERR The command has no key arguments"};
inline constexpr ErrorText kInvalidArityOfCommand{"ERR Invalid number of arguments specified for command"};
inline constexpr ErrorText kNotInteger{"ERR value is not an integer or out of range"};
inline constexpr ErrorText kNotFloat{"ERR value is not a valid float"};
inline constexpr ErrorText kOutOfRange{"ERR value is out of range"};
inline constexpr ErrorText kCountOutOfRange{
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"};
inline constexpr ErrorText kMustBePositive{"ERR value is out of range, must be positive"};
inline constexpr ErrorText kOutOfLongRange{
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"};
inline constexpr ErrorText kInvalidCursor{"ERR invalid cursor"};
inline constexpr ErrorText kMinMaxNotFloat{"ERR min or max is not a float"};
inline constexpr ErrorText kMinMaxNotLex{"ERR min or max not valid string range item"};
inline constexpr ErrorText kWeightNotFloat{"ERR weight value is not a float"};
inline constexpr ErrorText kNumkeysNotPositive{"ERR numkeys should be greater than 0"};
inline constexpr ErrorText kNumkeysNegative{"ERR Number of keys can't be negative"};
inline constexpr ErrorText kNumkeysTooMany{"ERR Number of keys can't be greater than number of args"};
inline constexpr ErrorText kCountNotPositive{"ERR count should be greater than 0"};
inline constexpr ErrorText kCountNegative{"ERR COUNT can't be negative"};
inline constexpr ErrorText kLimitNegative{"ERR LIMIT can't be negative"};
inline constexpr ErrorText kMaxlenNegative{"ERR MAXLEN can't be negative"};
inline constexpr ErrorText kRankZero{
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start "
    "from the end of the list"};
inline constexpr ErrorText kTimeoutNotInteger{"ERR timeout is not an integer or out of range"};
inline constexpr ErrorText kTimeoutNotFloat{"ERR timeout is not a float or out of range"};
inline constexpr ErrorText kTimeoutNegative{"ERR timeout is negative"};
inline constexpr ErrorText kTimeoutOutOfRange{"ERR timeout is out of range"};

// Keys and values
inline constexpr ErrorText kWrongType{"WRONGTYPE Operation against a key holding the wrong kind of value"};
inline constexpr ErrorText kNoSuchKey{"ERR no such key"};
inline constexpr ErrorText kKeyNotFound{"ERR key not found"};
inline constexpr ErrorText kSameObject{"ERR source and destination objects are the same"};
inline constexpr ErrorText kBusyKey{"BUSYKEY Target key name already exists."};
inline constexpr ErrorText kIndexOutOfRange{"ERR index out of range"};
inline constexpr ErrorText kOffsetOutOfRange{"ERR offset is out of range"};
inline constexpr ErrorText kStringTooLong{"ERR string exceeds maximum allowed size (proto-max-bulk-len)"};
inline constexpr ErrorText kIncrementOverflow{"ERR increment or decrement would overflow"};
inline constexpr ErrorText kDecrementOverflow{"ERR decrement would overflow"};
inline constexpr ErrorText kIncrementNan{"ERR increment would produce NaN or Infinity"};
inline constexpr ErrorText kValueNan{"ERR value is NaN or Infinity"};
inline constexpr ErrorText kHashNotInteger{"ERR hash value is not an integer"};
inline constexpr ErrorText kHashNotFloat{"ERR hash value is not a float"};
inline constexpr ErrorText kScoreNan{"ERR resulting score is not a number (NaN)"};
inline constexpr ErrorText kBitOffset{"ERR bit offset is not an integer or out of range"};
inline constexpr ErrorText kBitValue{"ERR bit is not an integer or out of range"};
inline constexpr ErrorText kBitArgument{"ERR The bit argument must be 1 or 0."};
inline constexpr ErrorText kNotHyperLogLog{"WRONGTYPE Key is not a valid HyperLogLog string value."};
inline constexpr ErrorText kCorruptHyperLogLog{"INVALIDOBJ Corrupted HLL object detected"};
inline constexpr ErrorText kDumpPayload{"ERR DUMP payload version or checksum are wrong"};
inline constexpr ErrorText kBadDataFormat{"ERR Bad data format"};

// Sorted sets
inline constexpr ErrorText kXxAndNx{"ERR XX and NX options at the same time are not compatible"};
inline constexpr ErrorText kGtLtNx{"ERR GT, LT, and/or NX options at the same time are not compatible"};
inline constexpr ErrorText kIncrOnePair{"ERR INCR option supports a single increment-element pair"};
inline constexpr ErrorText kLimitByRank{
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"};
inline constexpr ErrorText kScoresByLex{"ERR syntax error, WITHSCORES not supported in combination with BYLEX"};

// Sorting
inline constexpr ErrorText kScoresNotDouble{"ERR One or more scores can't be converted into double"};
// Positions
inline constexpr ErrorText kUnit{"ERR unsupported unit provided. please use M, KM, FT, MI"};
inline constexpr ErrorText kRadiusNotNumber{"ERR need numeric radius"};
inline constexpr ErrorText kRadiusNegative{"ERR radius cannot be negative"};
inline constexpr ErrorText kWidthNotNumber{"ERR need numeric width"};
inline constexpr ErrorText kHeightNotNumber{"ERR need numeric height"};
inline constexpr ErrorText kBoxNegative{"ERR height or width cannot be negative"};
inline constexpr ErrorText kNoSuchMember{"ERR could not decode requested zset member"};
inline constexpr ErrorText kCountAboveZero{"ERR COUNT must be > 0"};
inline constexpr ErrorText kAnyWithoutCount{"ERR the ANY argument requires COUNT argument"};
inline constexpr ErrorText kVerticesNotInteger{"ERR invalid number of vertices"};
inline constexpr ErrorText kFewVertices{"ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"};
inline constexpr ErrorText kGeoRadiusStoreShows{
    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"};
inline constexpr ErrorText kGeoSearchStoreShows{
    "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"};

// Expiry
inline constexpr ErrorText kNxWithXxGtLt{"ERR NX and XX, GT or LT options at the same time are not compatible"};
inline constexpr ErrorText kGtWithLt{"ERR GT and LT options at the same time are not compatible"};

inline constexpr ErrorText kExpireNegative{"ERR invalid expire time, must be >= 0"};
inline constexpr ErrorText kExpireMissing{"ERR missing expire time"};

// Lists of hash fields
inline constexpr ErrorText kFieldsMissing{"ERR Mandatory argument FIELDS is missing or not at the right position"};
inline constexpr ErrorText kNumFieldsNotPositive{"ERR Number of fields must be a positive integer"};
inline constexpr ErrorText kNumFieldsZero{"ERR Parameter `numFields` should be greater than 0"};
inline constexpr ErrorText kNumFieldsMismatch{"ERR The `numfields` parameter must match the number of arguments"};
inline constexpr ErrorText kNumFieldsInvalid{"ERR invalid number of fields"};
inline constexpr ErrorText kOneFieldCondition{"ERR Only one of FXX or FNX arguments can be specified"};
inline constexpr ErrorText kOneFieldTime{"ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"};

// Databases
inline constexpr ErrorText kDbIndexOutOfRange{"ERR DB index is out of range"};
inline constexpr ErrorText kInvalidDbIndex{"ERR invalid DB index"};
inline constexpr ErrorText kInvalidFirstDbIndex{"ERR invalid first DB index"};
inline constexpr ErrorText kInvalidSecondDbIndex{"ERR invalid second DB index"};
inline constexpr ErrorText kSelectInCluster{"ERR SELECT is not allowed in cluster mode"};
inline constexpr ErrorText kSwapdbInCluster{"ERR SWAPDB is not allowed in cluster mode"};
inline constexpr ErrorText kMoveInCluster{"ERR MOVE is not allowed in cluster mode"};
inline constexpr ErrorText kSortByInCluster{"ERR BY option of SORT denied in Cluster mode."};
inline constexpr ErrorText kSortGetInCluster{"ERR GET option of SORT denied in Cluster mode."};
inline constexpr ErrorText kSortByDenied{"ERR BY option of SORT denied due to insufficient ACL permissions."};
inline constexpr ErrorText kSortGetDenied{"ERR GET option of SORT denied due to insufficient ACL permissions."};
inline constexpr ErrorText kCopyInCluster{"ERR Copying to another database is not allowed in cluster mode"};

// Who may talk
inline constexpr ErrorText kNoAuth{"NOAUTH Authentication required."};
inline constexpr ErrorText kNoAuthHello{
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
    "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time"};
inline constexpr ErrorText kWrongPass{"WRONGPASS invalid username-password pair or user is disabled."};
inline constexpr ErrorText kAuthWithoutPassword{
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
    "configuration is correct?"};
inline constexpr ErrorText kNoPermKey{"NOPERM No permissions to access a key"};
inline constexpr ErrorText kNoPermChannel{"NOPERM No permissions to access a channel"};
inline constexpr ErrorText kNoProto{"NOPROTO unsupported protocol version"};
inline constexpr ErrorText kProtoNotInteger{"ERR Protocol version is not an integer or out of range"};
inline constexpr ErrorText kTooManyClients{"ERR max number of clients reached"};
inline constexpr ErrorText kTooManyClientsCluster{"ERR max number of clients + cluster connections reached"};
inline constexpr ErrorText kProtectedMode{
    "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    "default user. In this mode connections are only accepted from the loopback interface. If you want to connect "
    "from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode "
    "sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from "
    "the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you "
    "do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected "
    "mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then "
    "restarting the server. 3) If you started the server manually just for testing, restart it with the "
    "'--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need "
    "to do one of the above things in order for the server to start accepting connections from the outside."};
inline constexpr ErrorText kBadClientName{"ERR Client names cannot contain spaces, newlines or special characters."};
inline constexpr ErrorText kNoSuchClient{"ERR No such client"};

// The state of the server
inline constexpr ErrorText kOom{"OOM command not allowed when used memory > 'maxmemory'."};
inline constexpr ErrorText kMisconfSnapshot{
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that "
    "may "
    "modify the data set are disabled, because this instance is configured to report errors during writes if RDB "
    "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB "
    "error."};
inline constexpr ErrorText kLoading{"LOADING Redis is loading the dataset in memory"};
inline constexpr ErrorText kBusyScript{
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."};
inline constexpr ErrorText kBusyFunction{
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."};
inline constexpr ErrorText kMisconfRdb{
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that "
    "may modify the data set are disabled, because this instance is configured to report errors during writes if "
    "RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the "
    "RDB error."};
inline constexpr ErrorText kReadOnly{"READONLY You can't write against a read only replica."};
inline constexpr ErrorText kNoReplicas{"NOREPLICAS Not enough good replicas to write."};
inline constexpr ErrorText kMasterDown{
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."};
inline constexpr ErrorText kNotPermitted{"ERR operation not permitted"};

// Transactions, blocking
inline constexpr ErrorText kExecAbort{"EXECABORT Transaction discarded because of previous errors."};
inline constexpr ErrorText kMultiNested{"ERR MULTI calls can not be nested"};
inline constexpr ErrorText kExecWithoutMulti{"ERR EXEC without MULTI"};
inline constexpr ErrorText kDiscardWithoutMulti{"ERR DISCARD without MULTI"};
inline constexpr ErrorText kWatchInsideMulti{"ERR WATCH inside MULTI is not allowed"};
inline constexpr ErrorText kNotInsideMulti{"ERR Command not allowed inside a transaction"};
inline constexpr ErrorText kSsubscribeDenied{"ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"};
inline constexpr ErrorText kUnblockedByClient{"UNBLOCKED client unblocked via CLIENT UNBLOCK"};
inline constexpr ErrorText kUnblockedByRole{
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"};
inline constexpr ErrorText kUnblockedKeyGone{"UNBLOCKED the stream key no longer exists"};

// Scripts
inline constexpr ErrorText kNoScript{"NOSCRIPT No matching script. Please use EVAL."};
inline constexpr ErrorText kNotBusy{"NOTBUSY No scripts in execution right now."};
inline constexpr ErrorText kUnkillable{
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the "
    "script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."};
inline constexpr ErrorText kUnkillableMaster{
    "UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed."};

// Cluster
inline constexpr ErrorText kCrossSlot{"CROSSSLOT Keys in request don't hash to the same slot"};
inline constexpr ErrorText kTryAgain{"TRYAGAIN Multiple keys request during rehashing of slot"};
inline constexpr ErrorText kClusterDown{"CLUSTERDOWN The cluster is down"};
inline constexpr ErrorText kClusterDownReadOnly{"CLUSTERDOWN The cluster is down and only accepts read commands"};
inline constexpr ErrorText kClusterDownSlot{"CLUSTERDOWN Hash slot not served"};
inline constexpr ErrorText kClusterDisabled{"ERR This instance has cluster support disabled"};
inline constexpr ErrorText kInvalidSlot{"ERR Invalid or out of range slot"};

// Replication
inline constexpr ErrorText kNoMasterLink{"NOMASTERLINK Can't SYNC while not connected with my master"};
inline constexpr ErrorText kFailoverInProgress{"INPROG Failover already in progress"};

// The protocol itself: the connection is closed after one of these
inline constexpr ErrorText kInlineTooBig{"ERR Protocol error: too big inline request"};
inline constexpr ErrorText kUnbalancedQuotes{"ERR Protocol error: unbalanced quotes in request"};
inline constexpr ErrorText kMultibulkTooLong{"ERR Protocol error: too big mbulk count string"};
inline constexpr ErrorText kMultibulkInvalid{"ERR Protocol error: invalid multibulk length"};
inline constexpr ErrorText kMultibulkUnauthenticated{"ERR Protocol error: unauthenticated multibulk length"};
inline constexpr ErrorText kBulkTooLong{"ERR Protocol error: too big bulk count string"};
inline constexpr ErrorText kBulkInvalid{"ERR Protocol error: invalid bulk length"};
inline constexpr ErrorText kBulkUnauthenticated{"ERR Protocol error: unauthenticated bulk length"};
inline constexpr ErrorText kInvalidCrlf{"ERR Protocol error: invalid CRLF in request"};

// ERR Protocol error: expected '$', got 'x'. A control character reaches the wire as a space.
[[nodiscard]] Error expected_dollar(char got);

// ERR invalid expire time in 'set' command. `command` in lower case.
[[nodiscard]] Error invalid_expire(Bytes command);

// ERR unknown command 'x', with args beginning with: 'a' 'b' . `words` is the request, name first. As in Redis
// the name ends at a NUL or after 128 bytes, and so do the arguments taken together; CR and LF become spaces.
[[nodiscard]] Error unknown_command(std::span<const Bytes> words);

// ERR wrong number of arguments for 'client|kill' command. `command` is the full name in lower case.
[[nodiscard]] Error wrong_arity(Bytes command);

// ERR unknown subcommand 'x'. Try CONFIG HELP. For a container command that has no such subcommand.
[[nodiscard]] Error unknown_subcommand(Bytes command, Bytes subcommand);

// ERR unknown subcommand or wrong number of arguments for 'x'. Try OBJECT HELP. From inside a handler.
[[nodiscard]] Error subcommand_syntax(Bytes command, Bytes subcommand);

// ERR value is out of range, value must between -5 and 5
[[nodiscard]] Error out_of_range(std::int64_t least, std::int64_t most);

// ERR invalid longitude,latitude pair 181.000000,0.000000
[[nodiscard]] Error invalid_position(double longitude, double latitude);

// ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH. `command` as the client spelled it.
[[nodiscard]] Error needs_center(Bytes command);
[[nodiscard]] Error needs_shape(Bytes command);

// ERR at least 1 input key is needed for 'zunion' command
[[nodiscard]] Error needs_input_key(Bytes command);
// ERR unknown argument: x
[[nodiscard]] Error unknown_argument(Bytes argument);

// ERR Unsupported option x
[[nodiscard]] Error unsupported_option(Bytes option);

// ERR DEBUG command not allowed. ... For a command that a setting such as enable-debug-command guards.
[[nodiscard]] Error protected_command(Bytes command, Bytes setting);

// NOPERM User bob has no permissions to run the 'client|kill' command
[[nodiscard]] Error no_permission(Bytes user, Bytes command);

// ERR Can't execute 'get': only (P|S)SUBSCRIBE / ... are allowed in this context
[[nodiscard]] Error not_while_subscribed(Bytes command);

// MISCONF Errors writing to the AOF file: <why>
[[nodiscard]] Error misconf_aof(Bytes why);

// EXECABORT Transaction discarded because of: <text of the error>
[[nodiscard]] Error exec_abort(Bytes why);

// MOVED 3999 127.0.0.1:6381, ASK 3999 127.0.0.1:6381
[[nodiscard]] Error moved(unsigned slot, Bytes endpoint);
[[nodiscard]] Error ask(unsigned slot, Bytes endpoint);

}  // namespace keel::errors

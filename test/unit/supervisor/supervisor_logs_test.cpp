#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

class SupervisorLogs : public SupervisorMasterTest {};

TEST_F(SupervisorLogs, AreForLevelOne) {
    EXPECT_EQ(master->requiredLevel(R"({"op":"logs"})"), 1);
    EXPECT_EQ(master->requiredLevel(R"({"op":"list","op":"logs"})"), 1);
}

TEST_F(SupervisorLogs, SayOfWhomTheyCouldNotBeRead) {
    const Json logs = ask(R"({"op":"logs","streams":[
        {"id":"chat-1","stream":"stdout"},{"id":"nobody","stream":"stdout"}]})")["logs"];
    ASSERT_EQ(logs.size(), 2U);
    std::map<std::string, std::string> errors;
    for (const Json& page : logs) errors[page["id"]] = page["error"];
    EXPECT_NE(errors["chat-1"].find("node-a does not answer"), std::string::npos);
    EXPECT_EQ(errors["nobody"], "no such server");
}

TEST_F(SupervisorLogs, RefuseWhatIsNoRequest) {
    std::string tooMany = R"({"id":"chat-1","stream":"stdout"})";
    for (int i = 0; i < 64; ++i) tooMany += R"(,{"id":"chat-1","stream":"stdout"})";
    for (const std::string& streams :
         {std::string("1"), std::string("[]"), std::string("[1]"), std::string(R"([{"id":"a"}])"),
          std::string(R"([{"id":1,"stream":"stdout"}])"), "[" + tooMany + "]"})
        EXPECT_EQ(ask(R"({"op":"logs","streams":)" + streams + "}"), "bad_message") << streams;
    EXPECT_EQ(ask(R"({"op":"logs"})"), "bad_message");
}

}  // namespace muster::supervisor

// Did you mean …? What is suggested, and what is not.

import Lexer
import Testing

@Suite struct SuggestionTests {
  @Test(arguments: [
    ("netwrok", "network"), ("Network", "network"), ("pad_left", "padLeft"),
    ("remote-secret", "remoteSecret"), ("clustres", "clusters"), ("exposee", "expose"),
    ("lnk", "link"), ("verfy", "verify"), ("conutrolPlan", "controlPlane"),
  ]) func nearNamesAreSuggested(written: String, known: String) {
    #expect(didYouMean(written, among: ["gateway", known, "zebra"]) == known)
  }

  @Test(arguments: [
    ("chr", "bar"), ("a", "b"), ("ab", "ac"), ("link", "list"), ("env", "now"), ("x", "xs"),
    ("gateway", "pathways"), ("", "a"), ("completely", "different"),
  ]) func farNamesAreNot(written: String, known: String) {
    #expect(didYouMean(written, among: [known]) == nil)
  }

  @Test func theNearestWinsThenTheFirst() {
    #expect(didYouMean("cluster", among: ["clusty", "clusters", "clusterz"]) == "clusters")
    #expect(didYouMean("a_b", among: ["abc", "aB"]) == "aB")
    #expect(didYouMean("printt", among: [String]()) == nil)
  }

  @Test func equallyNearNamesAreAllAskedFor() {
    #expect(
      didYouMeanQuestion("prine", among: ["prime", "print", "price", "prinz"])
        == "did you mean \"prime\", \"print\" or \"price\"?")
    #expect(
      didYouMeanQuestion("lint", among: ["link", "line", "gateway"])
        == "did you mean \"link\" or \"line\"?")
    #expect(didYouMeanQuestion("netwrok", among: ["network"]) == "did you mean \"network\"?")
    #expect(didYouMeanQuestion("netwrok", among: ["cluster"]) == nil)
  }

  @Test func anEarlierGroupWinsUnlessALaterOneIsNearer() {
    #expect(nearNames("clustr", among: [["clasty"], ["cluster"]]) == ["cluster"])
    #expect(nearNames("prind", among: [["prine"], ["print"]]) == ["prine"])
  }

  @Test func namesOfOneLetterAreNotGuessed() {
    #expect(didYouMean("X", among: ["x"]) == nil)
    #expect(didYouMean("_x", among: ["x"]) == nil)
  }

  @Test func theNameItselfIsNoSuggestion() {
    #expect(didYouMean("gateway", among: ["gateway"]) == nil)
  }
}

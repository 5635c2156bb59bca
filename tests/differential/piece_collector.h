// Pieces of a capture's batches, a fair choice of them, for mutations.
#pragma once

#include <cstdint>
#include <vector>

#include "scanner/policy.h"
#include "tests/differential/corpus.h"
#include "tests/differential/mutation.h"

namespace gvt::differential {

// At most 600 pieces of at most 100 commands of the capture's clean user batches. Empty, and *error
// says why, if the capture cannot be read.
std::vector<Piece> PiecesOf(const CorpusFile& file, Random* random, std::string* error);

// A mutation of that kind of any piece; a piece that has no operand to change gets another header
// instead. Precondition: there are pieces.
Mutation NextMutation(MutationKind kind, const std::vector<Piece>& pieces,
                      const scanner::Policy& policy, Random& random);

// The segment to scan; points into the mutation.
scanner::Segment SegmentOf(const Mutation& mutation);

}  // namespace gvt::differential

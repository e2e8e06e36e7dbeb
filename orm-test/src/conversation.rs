//! Counts the round trips of one connection, from what goes over it.

use std::collections::VecDeque;

/// What a client and the server have said so far.
///
/// The server answers in order, so each answer is known to belong to a question, and each question
/// to a round trip: the one after the last that the client has an answer to. That tells a client
/// that waited from one that was still sending when its first answer came.
pub(crate) struct Conversation {
    questions: Messages,
    answers: Messages,
    /// What the client has sent since its last Sync.
    unsynced: Unsynced,
    /// The round trips of the questions that have no answer yet.
    open: VecDeque<usize>,
    /// The last round trip with a question.
    asked: usize,
    /// The last round trip with an answer.
    answered: usize,
}

#[derive(PartialEq)]
enum Unsynced {
    Nothing,
    /// Drivers close a statement in passing, and do not wait for the answer.
    OnlyClose,
    Something,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            // A connection starts with a packet that has no type.
            questions: Messages::after_untyped(),
            answers: Messages::default(),
            unsynced: Unsynced::Nothing,
            // That is answered when the server is ready for the first query.
            open: VecDeque::from([1]),
            asked: 0,
            answered: 0,
        }
    }
}

impl Conversation {
    /// The client sends: how many round trips begin with this.
    pub(crate) fn asked(&mut self, bytes: &[u8]) -> usize {
        let before = self.asked;
        self.questions.each(bytes, |kind| match kind {
            // Terminate
            b'X' => {}
            // Close
            b'C' if self.unsynced != Unsynced::Something => self.unsynced = Unsynced::OnlyClose,
            // Sync
            b'S' if self.unsynced == Unsynced::OnlyClose => {
                self.open.push_back(self.answered);
                self.unsynced = Unsynced::Nothing;
            }
            // Sync, Query, FunctionCall: each is answered by one ReadyForQuery.
            b'S' | b'Q' | b'F' => {
                self.asked = self.answered + 1;
                self.open.push_back(self.asked);
                self.unsynced = Unsynced::Nothing;
            }
            // The start, and passwords: never synced.
            0 | b'p' => self.asked = self.answered + 1,
            _ => {
                self.asked = self.answered + 1;
                self.unsynced = Unsynced::Something;
            }
        });
        self.asked - before
    }

    /// The client receives.
    pub(crate) fn answered(&mut self, bytes: &[u8]) {
        self.answers.each(bytes, |kind| {
            let answered = match kind {
                // ReadyForQuery
                b'Z' => self.open.pop_front(),
                // CopyInResponse: the server waits for what to copy.
                b'G' => self.open.front().copied().or(Some(self.asked)),
                _ => None,
            };
            self.answered = self.answered.max(answered.unwrap_or(0));
        });
    }
}

/// Finds the messages in a stream: a type, and a length that includes itself.
#[derive(Default)]
struct Messages {
    header: Vec<u8>,
    /// Bytes of the current message after its header.
    rest: usize,
}

impl Messages {
    fn after_untyped() -> Self {
        Self {
            header: vec![0],
            rest: 0,
        }
    }

    /// Calls `begun` with the type of each message whose header is complete with these bytes.
    fn each(&mut self, mut bytes: &[u8], mut begun: impl FnMut(u8)) {
        while !bytes.is_empty() {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = &bytes[skipped..];

            let missing = (5 - self.header.len()).min(bytes.len());
            self.header.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if let [kind, a, b, c, d] = self.header[..] {
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                self.rest = length.saturating_sub(4);
                self.header.clear();
                begun(kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8) -> Vec<u8> {
        vec![kind, 0, 0, 0, 6, b'x', b'y']
    }

    fn messages(kinds: &str) -> Vec<u8> {
        kinds.bytes().flat_map(message).collect()
    }

    fn connected() -> Conversation {
        let mut conversation = Conversation::default();
        assert_eq!(conversation.asked(&[0, 0, 0, 8, 0, 3, 0, 0]), 1);
        conversation.answered(&messages("RSSKZ"));
        conversation
    }

    #[test]
    fn statements_sent_together_are_one_round_trip() {
        let mut conversation = connected();
        assert_eq!(conversation.asked(&messages("BESBESQ")), 1);
        // The first answer arrives while the client still sends what does not depend on it.
        conversation.answered(&messages("2DC"));
        assert_eq!(conversation.asked(&messages("BES")), 0);
        conversation.answered(&messages("ZZZZ"));
        assert_eq!(conversation.asked(&messages("Q")), 1);
    }

    #[test]
    fn answers_that_arrive_one_by_one_are_one_round_trip() {
        let mut conversation = connected();
        assert_eq!(conversation.asked(&messages("PDSPDS")), 1);
        conversation.answered(&messages("1tTZ"));
        assert_eq!(conversation.asked(&messages("BES")), 1);
        conversation.answered(&messages("1tTZ"));
        assert_eq!(conversation.asked(&messages("BES")), 0);
    }

    #[test]
    fn nobody_waits_for_close_and_terminate() {
        let mut conversation = connected();
        assert_eq!(conversation.asked(&messages("CS")), 0);
        assert_eq!(conversation.asked(&messages("Q")), 1);
        conversation.answered(&messages("3ZCZ"));
        assert_eq!(conversation.asked(&messages("CSX")), 0);
    }

    #[test]
    fn copying_in_waits_for_the_server() {
        let mut conversation = connected();
        assert_eq!(conversation.asked(&messages("BE")), 1);
        conversation.answered(&messages("2G"));
        assert_eq!(conversation.asked(&messages("dddcS")), 1);
        conversation.answered(&messages("CZ"));
        assert_eq!(conversation.asked(&messages("Q")), 1);
    }

    #[test]
    fn messages_may_be_cut_anywhere() {
        let bytes = messages("PDSQ");
        let mut conversation = connected();
        let trips: usize = bytes.chunks(1).map(|byte| conversation.asked(byte)).sum();
        assert_eq!(trips, 1);
        conversation.answered(&messages("ZZ"));
        assert_eq!(conversation.asked(&messages("Q")), 1);
    }
}

// Package outbox delivers messages to other programs, such as back-channel logouts, and keeps
// them in the store until they are delivered, refused for good, or expired.
//
//	enqueued ──► due ──► leased by one instance ──► attempt ──► delivered: deleted
//	              ▲                                   │  │
//	              └── back-off with jitter ◄── failed ┘  └─► rejected, or no attempt left
//	                                                         before it expires: one audit
//	                                                         event, then deleted
//
// A message is delivered at least once: an instance that stops between the attempt and the
// deletion leaves a lease that lapses, and another one delivers the message again. Receivers
// must bear that. The order in which messages arrive is not promised.
//
// A receiver that is down rests, and one that answers late has two of the slots at most, so that
// neither holds up the messages of others.
//
// What a message is about is the business of the [Deliverer] of its kind.
package outbox

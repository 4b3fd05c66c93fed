//! Every bound of what decides about access, and what happens when it is reached.

/// Objects of a list that count as one seat.
pub const SEAT_OBJECTS: usize = 100;

/// Seats that one request takes at most, however long its list is: a tenth of a thousand objects'
/// worth of looking is what is spent to find out.
pub const SEATS_MAX: u32 = 10;

/// Queues that one request is dealt at most; a configuration with more counts as this.
pub const HAND_MAX: u32 = 64;

/// What a request is believed to take before it has ended, in milliseconds of one seat.
pub(crate) const ESTIMATE_MS: u64 = 5;

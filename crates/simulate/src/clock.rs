//! Real time: objects as their windows end.

use flowglass_flow::time::SECOND;

use crate::simulation::{Object, Simulation, Slot, Writer};

/// Hands out each object once, when its window has ended.
///
/// It keeps no more than an instant: after a restart, a clock set to where the last one stood goes on as if nothing
/// had happened.
#[expect(missing_debug_implementations, reason = "holds a `Writer`")]
pub struct Clock<'a> {
    simulation: &'a Simulation,
    /// Everything that ended until then was handed out; microseconds.
    reached: i64,
    writer: Writer,
}

impl<'a> Clock<'a> {
    /// A clock that continues after `reached` (microseconds since the epoch): history up to there is written.
    pub fn new(simulation: &'a Simulation, reached: i64) -> Self {
        Self { simulation, reached, writer: Writer::new() }
    }

    /// Returns the objects whose windows ended after the last call and not after `now` (microseconds), in that order.
    /// The settings' end does not matter. A clock that lags far behind makes them all: write history first.
    pub fn due(&mut self, now: i64) -> Vec<Object> {
        let slots: Vec<Slot> = self.simulation.slots(self.reached, now).collect();
        self.reached = self.reached.max(now);
        slots.iter().map(|slot| self.simulation.object(slot, &mut self.writer)).collect()
    }

    /// Returns when the next window ends, microseconds since the epoch: how long to sleep.
    pub fn next_due(&self) -> i64 {
        self.simulation.slots(self.reached, i64::MAX).next().map_or(i64::MAX, |slot| slot.end * SECOND)
    }
}

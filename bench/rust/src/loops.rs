//! The loops, made for each library by the compiler, so that nothing stands between a loop and the
//! library's call.

use std::time::Instant;

use crate::peers::{Done, Peer};

const EBUSY: i32 = 16;

pub(crate) trait Loops {
    fn pairs(&self, size: usize, room: usize, count: u64) -> Done;
    fn failed_tries(&self, room: usize, count: u64) -> Done;
    fn sends(&self, size: usize, count: u64) -> Done;
    fn receives(&self, room: usize, count: u64) -> Done;
    /// Round trips, with the nanoseconds of each.
    fn pings(
        &self,
        back: &dyn Loops,
        size: usize,
        room: usize,
        count: u64,
    ) -> Result<Vec<u64>, i32>;
    fn echoes(&self, back: &dyn Loops, size: usize, room: usize, count: u64) -> Done;
    fn send(&self, message: &[u8]) -> Done;
    fn receive(&self, buffer: &mut [u8]) -> Done;
}

impl<P: Peer> Loops for P {
    fn pairs(&self, size: usize, room: usize, count: u64) -> Done {
        let (message, mut buffer) = (vec![0; size], vec![0; room]);
        (0..count).try_for_each(|_| {
            Peer::send(self, &message)?;
            Peer::receive(self, &mut buffer)
        })
    }

    fn failed_tries(&self, room: usize, count: u64) -> Done {
        let mut buffer = vec![0; room];
        let found_nothing = (0..count).all(|_| self.finds_nothing(&mut buffer));
        if found_nothing { Ok(()) } else { Err(EBUSY) }
    }

    fn sends(&self, size: usize, count: u64) -> Done {
        let message = vec![0; size];
        (0..count).try_for_each(|_| Peer::send(self, &message))
    }

    fn receives(&self, room: usize, count: u64) -> Done {
        let mut buffer = vec![0; room];
        (0..count).try_for_each(|_| Peer::receive(self, &mut buffer))
    }

    fn pings(
        &self,
        back: &dyn Loops,
        size: usize,
        room: usize,
        count: u64,
    ) -> Result<Vec<u64>, i32> {
        let (message, mut buffer) = (vec![0; size], vec![0; room]);
        (0..count)
            .map(|_| {
                let start = Instant::now();
                Peer::send(self, &message)?;
                back.receive(&mut buffer)?;
                Ok(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
            })
            .collect()
    }

    fn echoes(&self, back: &dyn Loops, size: usize, room: usize, count: u64) -> Done {
        let (message, mut buffer) = (vec![0; size], vec![0; room]);
        (0..count).try_for_each(|_| {
            Peer::receive(self, &mut buffer)?;
            back.send(&message)
        })
    }

    fn send(&self, message: &[u8]) -> Done {
        Peer::send(self, message)
    }

    fn receive(&self, buffer: &mut [u8]) -> Done {
        Peer::receive(self, buffer)
    }
}

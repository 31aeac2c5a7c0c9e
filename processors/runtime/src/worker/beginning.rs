use rdkafka::consumer::Consumer;

use crate::active::Active;
use crate::error::RuntimeError;
use crate::metrics;
use crate::projection::Projection;
use crate::state::restore::{Restore, Restored};
use crate::worker::{Answer, Worker};

/// How a partition begins: the group assigns it, its state is restored elsewhere, and once the shared topics are read it is active.
impl<P: Projection> Worker<P> {
    pub(super) fn restore(&mut self, number: i32) {
        let Some(assignment) = self.assignments.get_mut(number) else {
            return;
        };
        let epoch = assignment.epoch;
        let restore = Restore {
            projection: self.projection.clone(),
            prefix: self.prefix.clone(),
            partition: number,
            committed: assignment.committed(),
            snapshots: self.snapshots.clone(),
            kafka: self.kafka.clone(),
            decoder: self.decoder.clone(),
            runtime: self.runtime.clone(),
            cancelled: assignment.cancelled.clone(),
        };
        let answer = self.answer.clone();
        self.tasks.spawn_blocking_on(
            move || {
                if let Some(restored) = restore.run() {
                    drop(answer.blocking_send(Answer::Restored {
                        number,
                        epoch,
                        restored,
                    }));
                }
            },
            &self.runtime,
        );
    }

    pub(super) fn take_restored(
        &mut self,
        number: i32,
        epoch: u64,
        restored: Restored<P::Facts>,
    ) -> Result<(), RuntimeError> {
        match self.assignments.get_mut(number) {
            Some(assignment) if assignment.epoch == epoch => assignment.restored = Some(restored),
            _ => return Ok(()),
        }
        if self.shared_ends.is_empty() {
            self.activate(number)
        } else {
            Ok(())
        }
    }

    /// Lets a partition begin, whose state is complete.
    fn activate(&mut self, number: i32) -> Result<(), RuntimeError> {
        let name = self.projection.name();
        let Some(mut assignment) = self.assignments.remove(number) else {
            return Ok(());
        };
        let Some(restored) = assignment.restored.take() else {
            return Ok(());
        };
        let fanned = assignment.fanned(&self.dimensions.offsets);
        tracing::info!(
            processor = name,
            partition = number,
            from_snapshot = restored.from_snapshot,
            replayed = restored.num_replayed,
            "partition begins"
        );
        metrics::restored(name, restored.num_replayed);
        self.status.send_modify(|status| {
            status.num_from_snapshot += u64::from(restored.from_snapshot);
            status.num_replayed += restored.num_replayed;
        });
        let active = Active::new(
            &*self.projection,
            number,
            assignment.epoch,
            restored.facts,
            fanned,
            &self.dimensions,
        );
        self.group.context().commits.open(
            number,
            active.state.offsets.clone(),
            active.fanned().clone(),
        );
        self.active.insert(number, active);
        self.show_status();
        self.early.extend(assignment.early);
        if !self.intake.is_paused() {
            self.group
                .resume(&self.assignments.list(number))
                .map_err(RuntimeError::Kafka)?;
        }
        Ok(())
    }

    /// Once the shared topics are read as far as they went at the start, partitions may begin.
    pub(super) fn check_shared_read(&mut self) -> Result<(), RuntimeError> {
        let read = |ends: &Vec<i64>, offsets: &Vec<i64>| {
            ends.iter().zip(offsets).all(|(end, offset)| offset >= end)
        };
        if self.shared_ends.is_empty()
            || !self
                .shared_ends
                .iter()
                .zip(&self.dimensions.offsets)
                .all(|(ends, offsets)| read(ends, offsets))
        {
            return Ok(());
        }
        self.shared_ends.clear();
        tracing::info!(processor = self.projection.name(), "shared topics are read");
        for number in self.assignments.restored() {
            self.activate(number)?;
        }
        self.show_status();
        Ok(())
    }
}

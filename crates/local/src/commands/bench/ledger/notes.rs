//! What processes note in a file each: it outlives them, as what clients have received does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use model::MicroCredits;
use model::charge::ChargeRef;
use model::{ChargeId, PayerId};

/// What a client has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// The answer, for so much.
    Charged(ChargeRef, MicroCredits),
    /// The answer, again, for nothing.
    Replayed(ChargeRef, MicroCredits),
    /// That it is not given.
    Withheld,
    /// Nothing, and the client asks no more.
    GaveUp,
}

/// A file that is only appended to.
#[derive(Debug)]
pub(super) struct NoteFile {
    file: Mutex<File>,
}

impl NoteFile {
    /// Opens the file of a process, which may have died while it wrote a line.
    pub(super) fn open(path: &Path) -> Result<NoteFile> {
        let file = File::options().create(true).append(true).open(path);
        let notes = NoteFile { file: Mutex::new(file.context("open the notes")?) };
        if fs::read(path)?.last().is_some_and(|&last| last != b'\n') {
            notes.line("")?;
        }
        Ok(notes)
    }

    /// One call of the system: what it wrote stays when the process is killed.
    fn line(&self, line: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes()).context("write the notes")
    }

    /// The answer to the request at a place leaves.
    pub(super) fn answered(&self, place: u64, answered: &Answered) -> Result<()> {
        let of = |what: &str, id: &ChargeRef, cost: &MicroCredits| {
            format!("{place} {what} {} {} {}", id.payer.number(), id.charge, cost.micros())
        };
        self.line(&match answered {
            Answered::Charged(id, cost) => of("charged", id, cost),
            Answered::Replayed(id, cost) => of("replayed", id, cost),
            Answered::Withheld => format!("{place} withheld"),
            Answered::GaveUp => format!("{place} gave-up"),
        })
    }

    /// A message got lost.
    pub(super) fn lost(&self) -> Result<()> {
        self.line("lost")
    }

    /// A message was sent twice.
    pub(super) fn doubled(&self) -> Result<()> {
        self.line("doubled")
    }
}

/// What all notes say.
#[derive(Debug, Default)]
pub(super) struct NoteBook {
    /// What each client heard, by the place of its request.
    pub(super) answers: BTreeMap<u64, Answered>,
    pub(super) lost: u64,
    pub(super) doubled: u64,
}

impl NoteBook {
    /// Adds the notes of a process, if there are any.
    pub(super) fn read(&mut self, path: &Path) -> Result<()> {
        let bytes = if path.exists() { fs::read(path)? } else { Vec::new() };
        for line in String::from_utf8_lossy(&bytes).lines() {
            match line {
                "lost" => self.lost += 1,
                "doubled" => self.doubled += 1,
                line => self.answers.extend(answer(line)),
            }
        }
        Ok(())
    }

    /// The charges of answers that left, with what they were said to cost.
    pub(super) fn delivered(&self) -> BTreeSet<(ChargeRef, MicroCredits)> {
        let paid = |answered: &Answered| match *answered {
            Answered::Charged(id, cost) | Answered::Replayed(id, cost) => Some((id, cost)),
            Answered::Withheld | Answered::GaveUp => None,
        };
        self.answers.values().filter_map(paid).collect()
    }

    /// How many answers were given again.
    pub(super) fn replays(&self) -> u64 {
        let is_replay = |answered: &&Answered| matches!(answered, Answered::Replayed(..));
        self.answers.values().filter(is_replay).count() as u64
    }
}

/// A line; `None` for one that was cut.
fn answer(line: &str) -> Option<(u64, Answered)> {
    let mut words = line.split(' ');
    let (place, what) = (words.next()?.parse().ok()?, words.next()?);
    let mut paid = || {
        let payer = PayerId::new(words.next()?.parse().ok()?);
        let charge: ChargeId = words.next()?.parse().ok()?;
        let cost = MicroCredits::new(words.next()?.parse().ok()?);
        Some((ChargeRef { payer, charge }, cost))
    };
    let answered = match what {
        "charged" => paid().map(|(id, cost)| Answered::Charged(id, cost))?,
        "replayed" => paid().map(|(id, cost)| Answered::Replayed(id, cost))?,
        "withheld" => Answered::Withheld,
        "gave-up" => Answered::GaveUp,
        _ => return None,
    };
    Some((place, answered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_outlive_a_line_that_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        let id = ChargeRef { payer: PayerId::new(7), charge: ChargeId::new([3; 20]) };
        let charged = Answered::Charged(id, MicroCredits::new(12));
        let notes = NoteFile::open(&path).unwrap();
        notes.answered(4, &charged).unwrap();
        notes.lost().unwrap();
        let cut = fs::read_to_string(&path).unwrap() + "5 charged 7 chg_";
        fs::write(&path, cut).unwrap();
        let notes = NoteFile::open(&path).unwrap();
        notes.answered(6, &Answered::Withheld).unwrap();
        notes.answered(7, &Answered::GaveUp).unwrap();
        notes.doubled().unwrap();
        let replayed = Answered::Replayed(id, MicroCredits::new(12));
        notes.answered(8, &replayed).unwrap();
        let mut book = NoteBook::default();
        book.read(&path).unwrap();
        book.read(&folder.path().join("none")).unwrap();
        let places: Vec<u64> = book.answers.keys().copied().collect();
        assert_eq!((places, book.lost, book.doubled), (vec![4, 6, 7, 8], 1, 1));
        assert_eq!((book.answers[&4], book.replays()), (charged, 1));
        assert_eq!(book.delivered(), BTreeSet::from([(id, MicroCredits::new(12))]));
    }
}

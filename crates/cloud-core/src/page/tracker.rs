//! Evaluates each page: where the list continues, and whether it is complete.

use std::hash::{DefaultHasher, Hasher};

use super::{Cursor, Incomplete, IncompleteReason, NextMarker, Page, Pages, Step};

impl<P: Page> Pages<P> {
    /// The value of the page or marker parameter that asks for the next page.
    pub(super) fn resume(&self) -> Option<String> {
        match &self.cursor {
            Cursor::Numbered { next, .. } => Some(next.to_string()),
            Cursor::Marked { next, .. } => next.clone(),
            Cursor::Last | Cursor::Done => None,
        }
    }

    pub(super) fn stop(&mut self, reason: IncompleteReason) {
        let resume = self.resume();
        self.cursor = Cursor::Last;
        self.note(reason, resume);
    }

    /// Keeps the first problem only, because it explains the later ones.
    fn note(&mut self, reason: IncompleteReason, resume: Option<String>) {
        self.trouble.get_or_insert(Incomplete { reason, resume });
    }

    /// Records a page and moves the cursor. Returns whether the page is new.
    pub(super) fn turn(&mut self, page: &P, fingerprint: u64) -> bool {
        let length = page.len() as u64;
        if length > 0 && self.has_come(page, fingerprint) {
            self.stop(IncompleteReason::RepeatedPage);
            return false;
        }
        self.count += 1;
        self.received += length;
        self.total = page.total().or(self.total);
        self.first_total = self.first_total.or(self.total);
        self.moved = self.total.filter(|total| Some(*total) != self.first_total).or(self.moved);
        for id in ids(page) {
            if !self.seen.insert(id) {
                self.note(IncompleteReason::RepeatedItem, None);
            }
        }
        // Beyond the end, or the service cannot read its own list.
        if let Some(total) = self.total.filter(|total| self.count == 1 && length == 0 && *total > 0) {
            self.note(IncompleteReason::Short { received: 0, total }, None);
        }
        self.cursor = match std::mem::replace(&mut self.cursor, Cursor::Done) {
            Cursor::Numbered { parameter, next, step } => {
                // A total that is too small ends the list early, so further items may exist.
                if let Some(first) = self.total.filter(|total| self.received > *total) {
                    self.note(IncompleteReason::TotalMoved { first, last: self.received }, None);
                }
                let announced = self.total.zip(self.skipped).map(|(total, skipped)| self.received + skipped >= total);
                // A short page alone is no end: a service may return less than was asked for.
                if length == 0 || announced.unwrap_or(false) {
                    Cursor::Last
                } else {
                    let by = match step {
                        Step::Pages => 1,
                        Step::Items => i64::try_from(length).unwrap_or(i64::MAX),
                    };
                    Cursor::Numbered { parameter, next: next.saturating_add(by), step }
                }
            }
            Cursor::Marked { parameter, next: last } => {
                self.followed.extend(last.as_deref().map(|marker| hash(marker.as_bytes())));
                match page.next_marker() {
                    NextMarker::Marker(next) if next.is_empty() => {
                        self.note(IncompleteReason::NoMarker, None);
                        Cursor::Last
                    }
                    NextMarker::Marker(next) if self.followed.contains(&hash(next.as_bytes())) => {
                        self.note(IncompleteReason::RepeatedMarker, None);
                        Cursor::Last
                    }
                    NextMarker::Marker(next) => Cursor::Marked { parameter, next: Some(next) },
                    // A total tells as well as links do.
                    NextMarker::Unknown if self.total.is_none() => {
                        self.note(IncompleteReason::NoLinks, None);
                        Cursor::Last
                    }
                    NextMarker::Unknown | NextMarker::End => Cursor::Last,
                }
            }
            other => other,
        };
        if self.count >= self.cap && !matches!(self.cursor, Cursor::Last) {
            self.stop(IncompleteReason::PageCap(self.cap));
        }
        true
    }

    /// Returns whether this page was received before: the same response as the last, only known items, or, without
    /// ids and total, the same response as any before.
    fn has_come(&mut self, page: &P, fingerprint: u64) -> bool {
        let ids = ids(page);
        let nothing_new = !ids.is_empty() && ids.len() == page.len() && ids.iter().all(|id| self.seen.contains(*id));
        let untold = ids.is_empty() && page.total().is_none();
        let same = self.last_page.replace(fingerprint) == Some(fingerprint);
        nothing_new || same || (untold && !self.pages.insert(fingerprint))
    }

    /// Returns why the list is incomplete, if it is, after the last page.
    pub(super) fn verdict(&mut self) -> Option<Incomplete> {
        if let Some((first, last)) = self.first_total.zip(self.moved) {
            self.note(IncompleteReason::TotalMoved { first, last }, None);
        }
        // A list that starts in the middle can only be counted if its page size is known.
        let received = self.skipped.map_or(u64::MAX, |skipped| self.received.saturating_add(skipped));
        if let Some(total) = self.total.filter(|total| received < *total) {
            self.note(IncompleteReason::Short { received: self.received, total }, None);
        }
        self.trouble.take()
    }
}

/// Hashes of the ids of a page's items; items without one have none.
fn ids<P: Page>(page: &P) -> Vec<u64> {
    let texts = page.ids().into_iter().filter(|id| !id.is_empty()).map(|id| hash(id.as_bytes()));
    texts.chain(page.number_ids().into_iter().map(|id| hash(&id.to_le_bytes()))).collect()
}

pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

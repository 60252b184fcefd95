//! The lists of findings and of tags: filtered, sorted, one page of each.

use std::cmp::Ordering;
use std::ops::Range;

use super::{Finding, Store, Tag, of_findings, of_tags};
use crate::risken::finding::request::Request;
use crate::state::table::Place;

/// Findings among which all that pass the filters are.
enum Candidates {
    /// Ranks of an order.
    Ranks(usize, Vec<Range<usize>>),
    /// The rows themselves.
    Places(Vec<Place>),
}

impl Candidates {
    fn len(&self) -> usize {
        match self {
            Self::Ranks(_, ranges) => ranges.iter().map(Range::len).sum(),
            Self::Places(places) => places.len(),
        }
    }
}

impl Store {
    /// The IDs on a page of the findings that pass all filters, in the order that was asked for, and how many pass. One
    /// with two of the tags comes twice, since the service joins the tables.
    pub(in super::super) fn list(&self, request: &Request, skip: usize, take: usize) -> (Vec<u64>, usize) {
        let order = match &*request.sort {
            "description" => of_findings::DESCRIPTION,
            "data_source" => of_findings::SOURCE,
            "resource_name" => of_findings::RESOURCE,
            "score" => of_findings::SCORE,
            "updated_at" => of_findings::UPDATED,
            _ => of_findings::ID,
        };
        let (project, scored) = (self.in_project(order, request), self.scored(request));
        let range = if order == of_findings::SCORE { scored.clone() } else { project };
        let descends = request.direction == "desc";
        if range.len() == scored.len() && !filters_more_than_scores(request) {
            let shown = self.findings.page(order, range.clone(), descends, skip, take);
            return (shown.into_iter().map(|own| own.id).collect(), range.len());
        }
        let places = match self.narrowest(request, scored) {
            // Sorting few findings costs less than looking at all in their order.
            few if few.len().saturating_mul(few.len().max(2).ilog2() as usize) < range.len() => self.sorted(few, order),
            _ => self.findings.places(order, range).collect(),
        };
        let rows = places.into_iter().filter_map(|place| self.findings.get(place));
        let passing = rows.filter(|own| self.passes(request, own));
        let mut found: Vec<_> = passing.flat_map(|own| std::iter::repeat_n(own.id, self.times(request, own))).collect();
        if descends {
            found.reverse();
        }
        let total = found.len();
        (found.into_iter().skip(skip).take(take).collect(), total)
    }

    /// A page of the tags of a finding, and how many there are.
    pub(in super::super) fn tags(&self, request: &Request, skip: usize, take: usize) -> (Vec<&Tag>, usize) {
        let order = match &*request.sort {
            "finding_tag_id" => of_tags::LISTED_BY_ID,
            "updated_at" => of_tags::LISTED_BY_UPDATE,
            _ => of_tags::LISTED_BY_TEXT,
        };
        let finding = (request.finding_id, request.project_id);
        let range = self.tags.span(order, |tag| (tag.finding_id, tag.project_id).cmp(&finding));
        let total = range.len();
        (self.tags.page(order, range, request.direction == "desc", skip, take), total)
    }

    fn in_project(&self, order: usize, request: &Request) -> Range<usize> {
        self.findings.span(order, |own| own.project_id.cmp(&request.project_id))
    }

    /// The findings of the project with a score that is asked for, in the order of scores.
    fn scored(&self, request: &Request) -> Range<usize> {
        let score = |own: &Finding| match own.score {
            score if score < request.from_score => Ordering::Less,
            score if score <= most(request) => Ordering::Equal,
            _ => Ordering::Greater,
        };
        self.findings.span(of_findings::SCORE, |own| own.project_id.cmp(&request.project_id).then_with(|| score(own)))
    }

    /// What the filter that leaves the fewest findings leaves.
    fn narrowest(&self, request: &Request, scored: Range<usize>) -> Candidates {
        let beginning = |order: usize, field: fn(&Finding) -> &str, parts: &[String]| {
            let prefixed = |text: &str, part: &str| match text.starts_with(part) {
                true => Ordering::Equal,
                false => text.cmp(part),
            };
            let of = |part: &String| {
                let key =
                    |own: &Finding| own.project_id.cmp(&request.project_id).then_with(|| prefixed(field(own), part));
                self.findings.span(order, key)
            };
            Candidates::Ranks(order, parts.iter().map(of).collect())
        };
        let mut all = vec![Candidates::Ranks(of_findings::SCORE, vec![scored])];
        if request.finding_id != 0 {
            all.push(Candidates::Places(self.place(request.project_id, request.finding_id).into_iter().collect()));
        }
        if !request.data_sources.is_empty() {
            all.push(beginning(of_findings::SOURCE, |own| &own.data_source, &request.data_sources));
        }
        if !request.resource_names.is_empty() {
            all.push(beginning(of_findings::RESOURCE, |own| &own.resource_name, &request.resource_names));
        }
        if !request.tags.is_empty() {
            let tagged = |tag: &String| self.tags.span(of_tags::TEXT_ALONE, |own| own.tag.cmp(tag));
            let tags = request.tags.iter().flat_map(|tag| self.tags.rows(of_tags::TEXT_ALONE, tagged(tag)));
            all.push(Candidates::Places(
                tags.filter_map(|tag| self.place(request.project_id, tag.finding_id)).collect(),
            ));
        }
        let fewest = all.into_iter().min_by_key(Candidates::len);
        fewest.unwrap_or(Candidates::Places(Vec::new()))
    }

    /// Candidates in an order, each once.
    fn sorted(&self, candidates: Candidates, order: usize) -> Vec<Place> {
        let mut places = match candidates {
            Candidates::Ranks(of, ranges) => {
                ranges.into_iter().flat_map(|range| self.findings.places(of, range)).collect()
            }
            Candidates::Places(places) => places,
        };
        places.sort_unstable_by(|one, other| self.findings.compare_rows(order, *one, *other));
        places.dedup();
        places
    }

    fn passes(&self, request: &Request, own: &Finding) -> bool {
        let begins =
            |text: &str, all: &[String]| all.is_empty() || all.iter().any(|part| text.starts_with(part.as_str()));
        let suspended = || !self.pends_of(own.id).is_empty();
        (request.from_score..=most(request)).contains(&own.score)
            && (request.finding_id == 0 || own.id == request.finding_id)
            && begins(&own.data_source, &request.data_sources)
            && begins(&own.resource_name, &request.resource_names)
            && match request.status {
                1 => !suspended(),
                2 => suspended(),
                _ => true,
            }
    }

    /// How often a finding comes.
    fn times(&self, request: &Request, own: &Finding) -> usize {
        if request.tags.is_empty() {
            return 1;
        }
        self.tags.rows(of_tags::TEXT, self.tags_of(own.id)).filter(|tag| request.tags.contains(&tag.tag)).count()
    }
}

fn filters_more_than_scores(request: &Request) -> bool {
    let filters = [&request.data_sources, &request.resource_names, &request.tags];
    filters.iter().any(|filter| !filter.is_empty()) || request.finding_id != 0 || matches!(request.status, 1 | 2)
}

/// The highest score that is asked for; zero is no limit.
fn most(request: &Request) -> f32 {
    if request.to_score == 0.0 { 1.0 } else { request.to_score }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risken::finding::request::Upsert;

    /// Enough findings that few candidates are worth sorting, against the plain filter over all of them.
    #[test]
    fn filters_find_what_a_scan_finds_in_every_order() {
        let mut store = Store::default();
        for number in 0..300_u16 {
            let finding = Upsert {
                description: format!("d{}", number % 7),
                data_source: format!("own:{}", number % 11),
                data_source_id: number.to_string(),
                resource_name: format!("host-{number}"),
                project_id: 1001 + u32::from(number % 2),
                original_score: f32::from(number % 100),
                original_max_score: 100.0,
                data: "{}".to_owned(),
            };
            let own = store.put(&finding, 1_700_000_000 + i64::from(number % 5)).unwrap();
            if number % 30 == 0 {
                store.tag(own.project_id, own.id, "rare", 1_700_000_000).unwrap();
                store.tag(own.project_id, own.id, &format!("t{number}"), 1_700_000_000).unwrap();
                store.put_pend(own.project_id, own.id, "", 1_700_000_000).unwrap();
            }
        }
        for filter in [
            "",
            "finding_id=4012",
            "finding_id=4013",
            "finding_id=9",
            "from_score=0.95",
            "to_score=0.03",
            "from_score=0.3&to_score=0.4",
            "from_score=0.5&to_score=0.4",
            "data_source=own:3,own",
            "data_source=own:10",
            "resource_name=host-10,host-100,host-2",
            "tag=rare",
            "tag=rare,t60,t60",
            "tag=none",
            "status=1&from_score=0.9",
            "status=2",
            "tag=rare&from_score=0.2&data_source=own:1",
        ] {
            for sort in ["finding_id", "description", "data_source", "resource_name", "score", "updated_at"] {
                for direction in ["asc", "desc"] {
                    let query = format!("project_id=1001&{filter}&sort={sort}&direction={direction}");
                    let request = Request::from_query(&query);
                    let own = |own: &&Finding| own.project_id == 1001 && store.passes(&request, own);
                    let mut rows: Vec<&Finding> = store.findings.all(of_findings::ID).filter(own).collect();
                    rows.sort_by(|one, other| match sort {
                        "description" => one.description.cmp(&other.description),
                        "data_source" => one.data_source.cmp(&other.data_source),
                        "resource_name" => one.resource_name.cmp(&other.resource_name),
                        "score" => one.score.total_cmp(&other.score),
                        "updated_at" => one.updated_at.cmp(&other.updated_at),
                        _ => Ordering::Equal,
                    });
                    let times = |own: &Finding| std::iter::repeat_n(own.id, store.times(&request, own));
                    let mut wanted: Vec<_> = rows.into_iter().flat_map(times).collect();
                    if direction == "desc" {
                        wanted.reverse();
                    }
                    let mut pages = Vec::new();
                    while pages.len() < wanted.len() {
                        let (page, total) = store.list(&request, pages.len(), 7);
                        assert_eq!((total, page.is_empty()), (wanted.len(), false), "{query}");
                        pages.extend(page);
                    }
                    assert_eq!(pages, wanted, "{query}");
                    assert_eq!(store.list(&request, pages.len(), 7), (Vec::new(), wanted.len()), "{query}");
                }
            }
        }
    }
}

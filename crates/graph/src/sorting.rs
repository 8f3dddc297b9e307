//! Sorting by a number.

/// Bits of one digit.
const DIGIT: u32 = 11;

/// Sorts by a number, stably: a counting sort for each digit in which the numbers differ. Time
/// O(items · digits); a second copy is held meanwhile.
pub(crate) fn sort_by_number<T: Copy>(items: &mut Vec<T>, number: impl Fn(&T) -> u32) {
    let Some(&any) = items.first() else { return };
    let differing = items.iter().fold(0, |bits, item| bits | (number(item) ^ number(&any)));
    let mut sorted = vec![any; items.len()];
    for shift in (0..u32::BITS).step_by(DIGIT as usize) {
        if (differing >> shift) % (1 << DIGIT) == 0 {
            continue;
        }
        let digit = |item: &T| ((number(item) >> shift) % (1 << DIGIT)) as usize;
        let mut next = [0; 1 << DIGIT];
        items.iter().for_each(|item| next[digit(item)] += 1);
        let mut start = 0;
        next.iter_mut().for_each(|next| start += std::mem::replace(next, start));
        for item in items.iter() {
            let next: &mut usize = &mut next[digit(item)];
            sorted[*next] = *item;
            *next += 1;
        }
        std::mem::swap(items, &mut sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(
            numbers in proptest::collection::vec((any::<u32>(), 0u32..40), 0..300)
        ) {
            let mut items: Vec<(u32, usize)> =
                numbers.iter().map(|&(number, shift)| number.checked_shr(shift).unwrap_or(7)).zip(0..).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            sort_by_number(&mut items, |item| item.0);
            prop_assert_eq!(items, expected);
        }
    }
}

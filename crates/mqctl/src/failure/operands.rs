//! Several operands: a failure of one does not prevent the others.

use crate::failure::Outcome;

/// Runs `act` for each operand. Prints each failure at once and returns the first.
pub(crate) fn for_each_operand<T>(
    operands: impl IntoIterator<Item = T>,
    mut act: impl FnMut(T) -> Outcome,
) -> Outcome {
    let mut outcome = Ok(());
    for operand in operands {
        if let Err(failure) = act(operand) {
            let failure = failure.print();
            outcome = outcome.and(Err(failure));
        }
    }
    outcome
}

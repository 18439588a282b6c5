/** Words that say that the retry time is used up: whatever the reason, such a failure is soft. */
export const retryTimeUsedUp =
  /retry time(?:out)? (?:was |has been )?(?:exceeded|not reached)|queue\.expired|(?:message|envelope|delivery time) (?:was |has |have )?(?:been )?expired|in the queue too long|could not be delivered for (?:more than )?\d+|could not deliver for the last \d+|delivery (?:was )?aborted after/i;

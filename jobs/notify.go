package jobs

import (
	"time"
)

// notifyEvery is how often shops that are due are looked for: the first attempt follows the payment within that.
const notifyEvery = time.Second

// notifying is the chore that tells shops of payments. It does not wait for their answers.
func (j *Jobs) notifying() chore {
	return chore{"send-notifications", "Tells shops of their payments, by a POST to their own handler or by e-mail, until they have heard.", notifyEvery, j.notifier.Turn, true}
}

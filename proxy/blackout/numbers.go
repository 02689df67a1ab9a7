package blackout

// number finds what a number that begins here is: a bank card, an identity
// number, a phone number, or nothing.
func (r *Rules) number(text []byte, i int) place {
	if text[i] == '+' {
		if to := abroad(text, i); to > 0 && r.on[Phone] {
			return place{i, to, Phone}
		}
		return place{}
	}
	if isDigit(text, i-1) {
		return place{}
	}
	var room [maxGroups]int
	groups, to := groupsAt(text, i, room[:0])
	first := groups[0] // digits without a gap
	switch {
	case r.on[ID] && identity(text, i, first):
		return place{i, i + 18, ID}
	case r.on[Card] && cardForm(groups) && luhn(text[i:to]):
		return place{i, to, Card}
	case r.on[Card] && len(groups) > 1 && first >= 13 && first <= 19 && luhn(text[i:i+first]):
		return place{i, i + first, Card}
	case !r.on[Phone]:
		return place{}
	}
	if n := mobile(text, i, groups); n > 0 {
		return place{i, n, Phone}
	}
	return place{}
}

// maxGroups is more groups of digits than any number has.
const maxGroups = 7

// groupsAt are the lengths of groups of digits that single blanks or dashes
// separate, at most maxGroups of them, and where the last ends.
func groupsAt(text []byte, i int, groups []int) ([]int, int) {
	for {
		n := 0
		for isDigit(text, i+n) {
			n++
		}
		groups = append(groups, n)
		i += n
		if len(groups) == maxGroups || i+1 >= len(text) || text[i] != ' ' && text[i] != '-' || !isDigit(text, i+1) {
			return groups, i
		}
		i++
	}
}

// identity checks an identity number of so many digits: 17 and a check digit
// (GB 11643: ISO 7064, mod 11-2), which may be an X.
func identity(text []byte, i, digits int) bool {
	x := digits == 17 && i+17 < len(text) && text[i+17]|0x20 == 'x'
	if digits != 18 && !x {
		return false
	}
	sum := 0
	for j := range 17 {
		sum += int(text[i+j]-'0') * (1 << (17 - j) % 11)
	}
	last := text[i+17]
	if x {
		last = 'X'
	}
	return "10X98765432"[sum%11] == last
}

// cardForm reports whether digits are grouped as on a card: all in one, in
// fours, or 4-6-5.
func cardForm(groups []int) bool {
	sum := 0
	for i, n := range groups {
		sum += n
		if len(groups) > 1 && n != 4 && (i != len(groups)-1 || n > 4) && len(groups) != 3 {
			return false
		}
	}
	if len(groups) == 3 && !(groups[0] == 4 && groups[1] == 6 && groups[2] >= 4) {
		return false
	}
	return sum >= 13 && sum <= 19
}

// luhn checks the check digit of a bank card; blanks and dashes do not count.
func luhn(number []byte) bool {
	sum, even := 0, false
	for i := len(number) - 1; i >= 0; i-- {
		if number[i] < '0' || number[i] > '9' {
			continue
		}
		v := int(number[i] - '0')
		if even {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum, even = sum+v, !even
	}
	return sum > 0 && sum%10 == 0
}

// mobile is where a mobile number of mainland China ends: 1, 3 to 9 and nine
// more digits, in one or as 3-4-4, perhaps behind 86; 0: it is none.
func mobile(text []byte, i int, groups []int) int {
	at := i
	if len(groups) > 1 && groups[0] == 2 && text[i] == '8' && text[i+1] == '6' {
		at, groups = i+3, groups[1:]
	} else if groups[0] == 13 && text[i] == '8' && text[i+1] == '6' {
		at, groups = i+2, []int{11}
	}
	if text[at] != '1' || text[at+1] < '3' {
		return 0
	}
	switch {
	case groups[0] == 11:
		return at + 11
	case len(groups) >= 3 && groups[0] == 3 && groups[1] == 4 && groups[2] == 4:
		return at + 13
	}
	return 0
}

// abroad is where an international number that begins with + ends: 8 to 15
// digits (ITU-T E.164) with blanks, dashes or brackets between; 0: it is none.
func abroad(text []byte, i int) int {
	digits, to, gap := 0, 0, 0
	for j := i + 1; j < len(text); j++ {
		switch c := text[j]; {
		case c >= '0' && c <= '9':
			digits++
			to, gap = j+1, 0
		case (c == ' ' || c == '-' || c == '(' || c == ')') && gap < 2 && digits > 0:
			gap++
		default:
			j = len(text)
		}
		if digits > 15 {
			return 0
		}
	}
	if digits < 8 {
		return 0
	}
	return to
}

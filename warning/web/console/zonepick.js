// The zones of a form: those chosen as chips. What may be added is asked for by name or code, so that no page carries a country's list.
export default {
  template: `<q-select ref="field" multiple use-input use-chips dense outlined input-debounce="150" :label="label" :model-value="mine" :options="found" option-value="code" option-label="name"
      :disable="disable" @filter="seek" @add="$refs.field.updateInputValue('')" @update:model-value="pick">
    <template #no-option><q-item><q-item-section class="soft">{{ words.none }}</q-item-section></q-item></template>
    <template v-if="more" #after-options><q-item><q-item-section class="soft small">{{ words.more }}</q-item-section></q-item></template></q-select>`,
  props: { chosen: Array, label: String, words: Object, disable: Boolean },
  data() { return {mine: this.chosen, found: [], more: false} },
  watch: { chosen(now) { this.mine = now } },
  methods: {
    seek(words, update) { this.asked = {words, update}; this.$emit("seek", words) },
    offer(words, found, more) {
      if (this.asked?.words !== words) return; // somebody has typed on meanwhile
      const {update} = this.asked;
      this.asked = null;
      update(() => { this.found = found; this.more = more });
    },
    pick(now) { this.mine = now || []; this.$emit("picked", this.mine.map((one) => one.code)) },
  },
};
